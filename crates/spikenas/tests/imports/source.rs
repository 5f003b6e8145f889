//! What a file imports, as it is written.

use std::collections::BTreeSet;

use crate::tokens::tokens;

/// Names of modules, outermost first, and perhaps of an item in the last one.
pub type Names = Vec<String>;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Use,
    ReExport,
    Code,
}

/// A path in a file.
pub struct Mention {
    pub kind: Kind,
    /// The module that it stands in, which may be an inline one.
    pub scope: Names,
    pub path: Names,
    /// What a `use` binds the path to; `*` for a glob.
    pub name: String,
}

/// What matters of a source file.
pub struct File {
    /// Its place under `src`.
    pub name: String,
    pub module: Names,
    pub inline_modules: Vec<Names>,
    pub test_modules: Vec<Names>,
    pub mentions: Vec<Mention>,
    pub defined: BTreeSet<String>,
}

impl File {
    pub fn parse(name: &str, text: &str) -> Self {
        let (name, module, all) = (name.to_string(), module_of(name), tokens(text));
        let kept = without_tests(&all);
        let test_modules = declared(&all).difference(&declared(&kept)).map(|child| below(&module, child)).collect();
        let (inline_modules, mentions, defined) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut file = Self { name, module, inline_modules, test_modules, mentions, defined };
        file.scan(&kept);
        file
    }

    pub fn scan(&mut self, tokens: &[&str]) {
        let (mut scope, mut braces, mut at) = (self.module.clone(), Vec::new(), 0);
        while at < tokens.len() {
            match tokens[at..] {
                ["mod", child, "{", ..] => {
                    scope.push(child.to_string());
                    self.inline_modules.push(scope.clone());
                    braces.push(true);
                    at += 2;
                }
                ["{", ..] => braces.push(false),
                ["}", ..] if braces.pop() == Some(true) => drop(scope.pop()),
                ["use", next, ..] if next != "<" => at = self.scan_use(tokens, at, &scope),
                [word, ..] if is_name(word) => at = self.scan_path(tokens, at, &scope),
                _ => (),
            }
            at += 1;
        }
    }

    /// Keeps what the `use` at a place binds; returns the place of its semicolon.
    pub fn scan_use(&mut self, tokens: &[&str], at: usize, scope: &Names) -> usize {
        let public = at > 0 && ["pub", ")"].contains(&tokens[at - 1]);
        let kind = if public { Kind::ReExport } else { Kind::Use };
        let (mut rest, mut bound) = (tokens[at + 1..].iter().copied(), Vec::new());
        use_tree(&mut rest, Names::new(), &mut bound);
        self.mentions.extend(bound.into_iter().map(|(path, name)| Mention { kind, scope: scope.clone(), path, name }));
        tokens.len() - rest.len() - 1
    }

    /// Keeps the path at a place if it may name an item of another file; returns the place of its last name.
    pub fn scan_path(&mut self, tokens: &[&str], at: usize, scope: &Names) -> usize {
        let (before, word) = (tokens[..at].last().copied().unwrap_or_default(), tokens[at]);
        let mut last = at;
        while let ["::", name, ..] = tokens[last + 1..]
            && is_name(name)
        {
            last += 2;
        }
        // A lone lower-case name may be a variable, unless it is called.
        let called = matches!(tokens[last + 1..], ["(" | "::", ..]);
        let names_item = last > at || called || word.starts_with(char::is_uppercase);
        let visibility = tokens[..at].ends_with(&["pub", "(", "in"]);
        if ["const", "enum", "fn", "static", "struct", "trait", "type", "union"].contains(&before) {
            self.defined.insert(word.to_string());
        } else if names_item && !visibility && !["::", "."].contains(&before) {
            let path = tokens[at..=last].iter().step_by(2).map(|name| name.to_string()).collect();
            self.mentions.push(Mention { kind: Kind::Code, scope: scope.clone(), path, name: String::new() });
        }
        last
    }

    pub fn is_facade(&self) -> bool {
        ["lib.rs", "main.rs", "mod.rs"].contains(&self.name.as_str()) || self.name.ends_with("/mod.rs")
    }
}

/// The module that a file under `src` holds.
pub fn module_of(name: &str) -> Names {
    let path = name.trim_end_matches(".rs").trim_end_matches("/mod");
    if ["lib", "main"].contains(&path) { Names::new() } else { path.split('/').map(str::to_string).collect() }
}

pub fn below(module: &[String], child: &str) -> Names {
    [module, &[child.to_string()]].concat()
}

pub fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The modules that stand in files of their own.
pub fn declared(tokens: &[&str]) -> BTreeSet<String> {
    tokens.windows(3).filter(|w| w[0] == "mod" && w[2] == ";").map(|w| w[1].to_string()).collect()
}

/// Collects the paths of a tree of `use` with the names that they are bound to; returns the token that ends the tree.
pub fn use_tree<'a>(
    tokens: &mut impl Iterator<Item = &'a str>,
    mut path: Names,
    bound: &mut Vec<(Names, String)>,
) -> &'a str {
    let mut name = None;
    while let Some(token) = tokens.next() {
        match token {
            "," | "}" | ";" => {
                bound.extend(name.map(|name| (path, name)));
                return token;
            }
            "{" => {
                while use_tree(tokens, path.clone(), bound) == "," {}
                name = None;
            }
            "as" => name = tokens.next().map(str::to_string),
            "self" if !path.is_empty() => name = path.last().cloned(),
            // A leading `::` is another crate's; an empty name is never found.
            "::" if path.is_empty() => path.push(String::new()),
            "::" => name = None,
            segment => {
                path.push(segment.to_string());
                name = Some(segment.to_string());
            }
        }
    }
    ""
}

/// The tokens without the items under `#[cfg(test)]`.
pub fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let (mut kept, mut rest) = (Vec::new(), tokens);
    while let Some((first, after)) = rest.split_first() {
        if let ["#", "[", "cfg", "(", "test", ")", "]", item @ ..] = rest {
            rest = &item[item_length(item)..];
        } else {
            kept.push(*first);
            rest = after;
        }
    }
    kept
}

/// Tokens of an item, up to its semicolon or its closing brace.
pub fn item_length(tokens: &[&str]) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => return index,
            ")" | "]" | "}" => depth -= 1,
            _ => (),
        }
        if depth == 0 && [";", "}"].contains(token) {
            return index + 1;
        }
    }
    tokens.len()
}
