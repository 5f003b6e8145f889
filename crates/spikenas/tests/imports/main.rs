//! Files of a crate import one another in one direction: no circles, and the modules of `spikenas` stand in layers.
//!
//! An import is a path that begins with `crate`, `self`, `super`, a child module or a name that a `use` binds, in a `use` or
//! in code. It means the file of the deepest module that it names; where that is a facade (`mod.rs`, `lib.rs`, `main.rs`), the
//! file that the facade's `use` leads to. A facade's `pub use` of its own children is no import, but its code that uses their
//! names is. A glob imports all that a facade re-exports. Tests, comments and strings do not count.
//!
//! It reads no more of Rust than tokens and trees of `use`.

mod disk;
mod source;
mod tokens;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use source::*;
use tokens::tokens;

/// The top-level modules of `spikenas`: each imports only from those before it.
const LAYERS: &[&str] = &[
    "error", "counted", "spread", "progress", "random", "room", "record", "space", "graph", "cost", "weights", "data",
    "engine", "quantise", "export", "score", "search", "train", "supernet", "workflow", "report",
];

const CRATES: [&str; 3] = ["spikenas", "spikenas-cli", "spikenas-kernels"];

/// The files of a crate, by the modules that they hold.
struct Crate {
    files: Vec<File>,
    modules: BTreeMap<Names, usize>,
}

impl Crate {
    /// The files from their names and texts.
    fn new(sources: &BTreeMap<String, String>) -> Self {
        let in_tests = |name: &str| name.split('/').any(|part| ["tests", "tests.rs"].contains(&part));
        let sources = sources.iter().filter(|(name, _)| !in_tests(name));
        let mut files: Vec<File> = sources.map(|(name, text)| File::parse(name, text)).collect();
        let test_modules: Vec<Names> = files.iter().flat_map(|file| file.test_modules.clone()).collect();
        files.retain(|file| !test_modules.iter().any(|module| file.module.starts_with(module)));
        let mut modules = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            for module in file.inline_modules.iter().chain([&file.module]) {
                modules.entry(module.clone()).or_insert(index);
            }
        }
        Self { files, modules }
    }

    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
        let mut sources = BTreeMap::new();
        read_sources(&folder, "", &mut sources);
        Self::new(&sources)
    }

    /// The files that each file imports from.
    fn graph(&self) -> Vec<BTreeSet<usize>> {
        (0..self.files.len()).map(|index| self.imports(index)).collect()
    }

    fn imports(&self, index: usize) -> BTreeSet<usize> {
        let file = &self.files[index];
        let mut imported = BTreeSet::new();
        for mention in &file.mentions {
            let own = |target: usize| self.files[target].module.starts_with(&file.module);
            let shows_own = |target| file.is_facade() && mention.kind == Kind::ReExport && own(target);
            let targets = self.resolve(&mention.scope, &mention.path, 12);
            imported.extend(targets.into_iter().filter(|&target| target != index && !shows_own(target)));
        }
        imported
    }

    /// The files that a path means in a module; none if it leads to another crate or to a local name.
    ///
    /// More than one where a module and an item share the name, and for a glob. `steps` bounds the length of a chain of `use`s.
    fn resolve(&self, scope: &[String], path: &[String], steps: usize) -> BTreeSet<usize> {
        assert!(steps > 0, "`{}` in `{}`: the chain of re-exports does not end", path.join("::"), scope.join("::"));
        let Some((head, rest)) = path.split_first() else { return BTreeSet::new() };
        let start = match head.as_str() {
            "crate" => Some(&scope[..0]),
            "self" => Some(scope),
            "super" => scope.split_last().map(|(_, parent)| parent),
            child => (!rest.is_empty() && self.modules.contains_key(&below(scope, child))).then_some(scope),
        };
        match (start, rest.first()) {
            (Some(start), Some(next)) if next == "super" => self.resolve(start, rest, steps - 1),
            (Some(start), _) if ["crate", "self", "super"].contains(&head.as_str()) => self.descend(start, rest, steps),
            (Some(start), _) => self.descend(start, path, steps),
            (None, _) => self.through_uses(scope, path, steps),
        }
    }

    /// The files that a path means from a module downwards.
    fn descend(&self, module: &[String], path: &[String], steps: usize) -> BTreeSet<usize> {
        let Some(&file) = self.modules.get(module) else { return BTreeSet::new() };
        let Some((next, rest)) = path.split_first() else { return BTreeSet::from([file]) };
        let child = below(module, next);
        let mut found = BTreeSet::new();
        if self.modules.contains_key(&child) {
            found = self.descend(&child, rest, steps);
        }
        if self.files[file].is_facade() && (found.is_empty() || rest.is_empty()) {
            found.extend(self.through_uses(module, path, steps));
        }
        if found.is_empty() || next == "*" {
            found.insert(file);
        }
        found
    }

    /// The files that a path means whose first name is bound by a `use` of the module.
    fn through_uses(&self, module: &[String], path: &[String], steps: usize) -> BTreeSet<usize> {
        let (head, rest) = (&path[0], &path[1..]);
        let Some(&file) = self.modules.get(module) else { return BTreeSet::new() };
        let uses = self.files[file].mentions.iter().filter(|m| m.kind != Kind::Code && m.scope == module);
        let mut found = BTreeSet::new();
        for bound in uses {
            let (first, all_but_last) = (&bound.path[0], &bound.path[..bound.path.len() - 1]);
            // `use log::log` does not explain `log`: that is another crate, or a child module.
            let explains = *first != bound.name || self.modules.contains_key(&below(module, first));
            if bound.name == "*" && head != "*" && self.is_inside(first, module) {
                let files = self.resolve(module, &[all_but_last, path].concat(), steps - 1);
                found.extend(files.into_iter().filter(|&file| self.files[file].defined.contains(head)));
            } else if bound.name == *head && explains {
                found.extend(self.resolve(module, &[&bound.path, rest].concat(), steps - 1));
            } else if head == "*" && bound.kind == Kind::ReExport && explains {
                found.extend(self.resolve(module, &bound.path, steps - 1));
            }
        }
        found
    }

    fn is_inside(&self, head: &str, module: &[String]) -> bool {
        ["crate", "self", "super"].contains(&head) || self.modules.contains_key(&below(module, head))
    }

    /// A circle as `a.rs -> b.rs -> a.rs`.
    fn drawn(&self, circle: &[usize]) -> String {
        let names: Vec<&str> =
            circle.iter().chain(&circle[..1]).map(|&index| self.files[index].name.as_str()).collect();
        names.join(" -> ")
    }

    /// Every import from a module that does not stand before the importing one, and every module that stands nowhere.
    fn layer_faults(&self, layers: &[&str]) -> BTreeSet<String> {
        let place =
            |file: &File| file.module.first().map(|top| (layers.iter().position(|layer| layer == top), top.clone()));
        let mut faults = BTreeSet::new();
        for (file, imported) in self.files.iter().zip(self.graph()) {
            let Some((from, top)) = place(file) else { continue };
            if from.is_none() {
                faults.insert(format!("module `{top}` is not in the list of layers"));
            }
            for target in imported.into_iter().map(|index| &self.files[index]) {
                if let Some((to, above)) = place(target)
                    && from.is_some()
                    && to > from
                {
                    faults.insert(format!("{} -> {}: `{above}` stands after `{top}`", file.name, target.name));
                }
            }
        }
        faults
    }
}

/// One shortest circle for every set of files that import one another, and the set.
fn circles(graph: &[BTreeSet<usize>]) -> Vec<(Vec<usize>, BTreeSet<usize>)> {
    let ways: Vec<BTreeMap<usize, usize>> = (0..graph.len()).map(|from| ways_from(graph, from)).collect();
    let mut found: Vec<(Vec<usize>, BTreeSet<usize>)> = Vec::new();
    for from in 0..graph.len() {
        let together: BTreeSet<usize> = ways[from].keys().copied().filter(|to| ways[*to].contains_key(&from)).collect();
        let shortest = together.iter().map(|&start| circle_through(&ways[start], start)).min_by_key(Vec::len);
        if found.iter().all(|(_, set)| *set != together) {
            found.extend(shortest.map(|circle| (circle, together)));
        }
    }
    found
}

/// A line for every set of files that import one another: a shortest circle, and the rest of the set.
fn circle_faults(name: &str, files: &Crate) -> Vec<String> {
    let line = |(circle, together): (Vec<usize>, BTreeSet<usize>)| {
        let rest = together.iter().filter(|index| !circle.contains(index));
        let rest: Vec<&str> = rest.map(|&index| files.files[index].name.as_str()).collect();
        let also = if rest.is_empty() { String::new() } else { format!(" (entangled: {})", rest.join(", ")) };
        format!("{name}: {}{also}", files.drawn(&circle))
    };
    circles(&files.graph()).into_iter().map(line).collect()
}

/// Each file that can be reached from one, with the file before it on a shortest way. The start is there if a way leads back.
fn ways_from(graph: &[BTreeSet<usize>], from: usize) -> BTreeMap<usize, usize> {
    let (mut before, mut queue) = (BTreeMap::new(), VecDeque::from([from]));
    while let Some(file) = queue.pop_front() {
        for &next in &graph[file] {
            before.entry(next).or_insert_with(|| {
                queue.push_back(next);
                file
            });
        }
    }
    before
}

fn circle_through(before: &BTreeMap<usize, usize>, start: usize) -> Vec<usize> {
    let back = std::iter::successors(Some(before[&start]), |file| (*file != start).then(|| before[file]));
    let mut circle: Vec<usize> = back.collect();
    circle.reverse();
    circle
}

fn read_sources(folder: &Path, prefix: &str, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            read_sources(&path, &format!("{name}/"), sources);
        } else if name.ends_with(".rs") {
            sources.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn no_files_import_in_a_circle() {
    let faults: Vec<String> = CRATES.iter().flat_map(|name| circle_faults(name, &Crate::read(name))).collect();
    assert!(faults.is_empty(), "circles of imports:\n{}", faults.join("\n"));
}

#[test]
fn modules_import_only_from_layers_before_them() {
    let faults: Vec<String> = Crate::read("spikenas").layer_faults(LAYERS).into_iter().collect();
    assert!(faults.is_empty(), "imports against the layers (the list is in this test):\n{}", faults.join("\n"));
}

fn crate_of<const N: usize>(sources: [(&str, &str); N]) -> Crate {
    Crate::new(&sources.map(|(name, text)| (name.to_string(), text.to_string())).into())
}

/// The names of the files that one file imports from.
fn imports<'a>(files: &'a Crate, name: &str) -> Vec<&'a str> {
    let index = files.files.iter().position(|file| file.name == name).unwrap();
    files.imports(index).into_iter().map(|target| files.files[target].name.as_str()).collect()
}

#[test]
fn trees_of_use_bind_every_leaf() {
    for (text, expected) in [
        ("a::b;", "a::b=b"),
        (
            "crate::{a::{self, B as C}, super::d::*, e as _,};",
            "crate::a=a crate::a::B=C crate::super::d::*=* crate::e=_",
        ),
        ("self::{a::{b::{C}}, D};", "self::a::b::C=C self::D=D"),
        ("{::std::io, super::super::x::Y};", "::std::io=io super::super::x::Y=Y"),
    ] {
        let mut bound = Vec::new();
        assert_eq!(use_tree(&mut tokens(text).into_iter(), Names::new(), &mut bound), ";", "{text}");
        let bound: Vec<String> = bound.into_iter().map(|(path, name)| format!("{}={name}", path.join("::"))).collect();
        assert_eq!(bound.join(" "), expected, "{text}");
    }
}

#[test]
fn comments_strings_characters_and_lifetimes_are_no_tokens() {
    let text = r###"a /* b /* c */ d */ "e \" f" 'g' '\'' b'h' 'é' &'static i // j
        r#"k " l"# br"m\" c"n" brb r_o :: p /*/ q */ 'r: loop"###;
    assert_eq!(tokens(text).join(" "), "a & i brb r_o :: p : loop");
}

#[test]
fn imports_lead_through_facades_to_the_files_behind() {
    let files = crate_of([
        ("lib.rs", "mod a; mod b; pub mod c; mod e; pub use e::Error;"),
        ("a.rs", "use crate::{Error, b::{self, New as N, Own}}; pub(in crate::c) fn f() { b::deep(); }"),
        ("b/mod.rs", "mod x; mod y; mod z; pub use x::Old as New; pub(crate) use y::*; pub struct Own;"),
        ("b/x.rs", "use super::{Own, z};"),
        ("b/y.rs", "pub fn deep(z: u8) { super::super::c::f() }"),
        ("b/z.rs", "// crate::c::C\n const TEXT: &str = \"crate::c\"; mod inline { use super::Private; }"),
        ("c.rs", "use std::b::c; impl crate::b::Own { fn f(&self) { self.b.new(); ::a::b(); } }"),
        ("e.rs", "use serde::{self, serde, de::Error as _};"),
    ]);
    assert_eq!(imports(&files, "lib.rs"), [""; 0]);
    assert_eq!(imports(&files, "a.rs"), ["b/mod.rs", "b/x.rs", "b/y.rs", "e.rs"]);
    assert_eq!(imports(&files, "b/mod.rs"), [""; 0]);
    assert_eq!(imports(&files, "b/x.rs"), ["b/mod.rs", "b/z.rs"]);
    assert_eq!(imports(&files, "b/y.rs"), ["c.rs"]);
    assert_eq!(imports(&files, "b/z.rs"), [""; 0]);
    assert_eq!(imports(&files, "c.rs"), ["b/mod.rs"]);
    assert_eq!(imports(&files, "e.rs"), [""; 0]);
}

#[test]
fn code_and_foreign_names_make_a_facade_an_importer() {
    let files = crate_of([
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod d; mod x; mod y; pub use d::d; pub use x::X; pub use y::Y; fn f(x: u8) { y::g(d(x)); }"),
        ("a/d.rs", ""),
        ("a/x.rs", ""),
        ("a/y.rs", "use super::*;"),
        ("b/mod.rs", "pub use crate::a::X;"),
    ]);
    assert_eq!(imports(&files, "a/mod.rs"), ["a/d.rs", "a/y.rs"]);
    assert_eq!(imports(&files, "a/y.rs"), ["a/d.rs", "a/mod.rs", "a/x.rs"]);
    assert_eq!(imports(&files, "b/mod.rs"), ["a/x.rs"]);
}

#[test]
fn tests_are_left_out() {
    let files = crate_of([
        ("lib.rs", "mod a; mod b; #[cfg(test)] mod toy;"),
        (
            "a.rs",
            "#[cfg(test)] mod tests { use crate::b; fn f() { { } } }\n#[cfg(test)] use crate::b::B; use crate::c;",
        ),
        ("a/tests.rs", "use crate::b;"),
        ("b.rs", "#[cfg(test)] #[inline] fn f(x: [u8; 2]) { crate::a::f() }"),
        ("c.rs", ""),
        ("toy.rs", "use crate::b;"),
    ]);
    assert_eq!(files.files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a.rs", "b.rs", "c.rs", "lib.rs"]);
    assert_eq!(imports(&files, "a.rs"), ["c.rs"]);
    assert_eq!(imports(&files, "b.rs"), [""; 0]);
}

#[test]
fn every_circle_is_found_by_its_shortest_way() {
    let files = crate_of([
        ("a.rs", "use crate::{b::X, d::D};"),
        ("b/mod.rs", "mod x; pub use x::X;"),
        ("b/x.rs", "use crate::c::C;"),
        ("c.rs", "fn f() -> crate::a::A { }"),
        ("d.rs", "use crate::b::X;"),
        ("e/f.rs", "use super::g::G;"),
        ("e/g.rs", "use super::f::F; use crate::a;"),
        ("e/mod.rs", "mod f; mod g; fn only_down() { f::f() }"),
        ("lib.rs", "mod a; mod b; mod c; mod d; mod e;"),
    ]);
    let ring = "x: a.rs -> b/x.rs -> c.rs -> a.rs (entangled: d.rs)";
    assert_eq!(circle_faults("x", &files), [ring, "x: e/f.rs -> e/g.rs -> e/f.rs"]);
}

#[test]
fn a_circle_of_three_is_found_and_a_chain_is_none() {
    let through = |last| {
        let start = [("lib.rs", "mod a; mod b; mod c;"), ("a.rs", "use crate::b::B;"), ("b.rs", "use super::c::{C};")];
        crate_of([start[0], start[1], start[2], ("c.rs", last)])
    };
    assert_eq!(circle_faults("x", &through("use crate::{a as z};")), ["x: a.rs -> b.rs -> c.rs -> a.rs"]);
    assert_eq!(circle_faults("x", &through("use std::a; // use crate::a;")), [""; 0]);
}

#[test]
fn an_import_from_a_later_layer_and_an_unknown_module_are_named() {
    let files = crate_of([
        ("lib.rs", "mod low; mod high; mod odd; pub use high::High;"),
        ("low.rs", "use crate::High;"),
        ("high/mod.rs", "mod x; pub use x::High;"),
        ("high/x.rs", "use crate::low::Low; use crate::odd;"),
        ("odd.rs", "use crate::low::Low;"),
    ]);
    let faults: Vec<String> = files.layer_faults(&["low", "high"]).into_iter().collect();
    assert_eq!(faults, ["low.rs -> high/x.rs: `high` stands after `low`", "module `odd` is not in the list of layers"]);
}

#[test]
#[should_panic = "the chain of re-exports does not end"]
fn re_exports_in_a_ring_are_an_error() {
    let files = crate_of([
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a/mod.rs", "pub use crate::b::X;"),
        ("b/mod.rs", "pub use crate::a::X;"),
        ("c.rs", "use crate::a::X;"),
    ]);
    files.graph();
}
