use std::collections::HashSet;

/// Characters that some file system takes in no name.
const REFUSED: &str = "<>:\"/\\|?*";
/// Names that Windows keeps for devices, with any extension and with a digit behind the last two.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED: [&str; 2] = ["com", "lpt"];
/// The most bytes of a name; file systems take 255.
const LONGEST: usize = 100;

/// A name of a folder for each class: its own, with `-` where a file system would refuse it or the name would be a hidden one; of those that
/// become equal, in any case of letters, all but the first get a number.
pub(super) fn folder_names(classes: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let unique = |class: &String| {
        let name = legal(class);
        let numbered = (2..=classes.len()).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| taken.insert(name.to_lowercase())).unwrap_or(name)
    };
    classes.iter().map(unique).collect()
}

fn legal(class: &str) -> String {
    let cut = &class[..class.floor_char_boundary(LONGEST)];
    let replace = |letter: char| if letter.is_control() || REFUSED.contains(letter) { '-' } else { letter };
    let mut name: String = cut.chars().map(replace).collect();
    if name.starts_with('.') {
        name.replace_range(..1, "-");
    }
    if name.ends_with(['.', ' ']) {
        name.replace_range(name.len() - 1.., "-");
    }
    let stem = name.split('.').next().unwrap_or_default().to_lowercase();
    let numbered = stem.strip_suffix(|last: char| last.is_ascii_digit());
    let is_device = DEVICES.contains(&&*stem) || numbered.is_some_and(|stem| NUMBERED.contains(&stem));
    if name.is_empty() || is_device { format!("class-{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(classes: &[&str]) -> Vec<String> {
        folder_names(&classes.iter().map(|class| class.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn names_that_are_legal_stay_and_others_become_so() {
        assert_eq!(
            names(&["T-shirt/top", "0", "été", "..", ".x", "a. ", "", "a\nb"]),
            ["T-shirt-top", "0", "été", "--", "-x", "a.-", "class-", "a-b"]
        );
        assert_eq!(names(&["CON", "com1.x", "common", "lpt"]), ["class-CON", "class-com1.x", "common", "lpt"]);
        assert_eq!(names(&["é".repeat(80).as_str()])[0], "é".repeat(50));
    }

    #[test]
    fn names_that_become_equal_are_told_apart() {
        assert_eq!(names(&["a/b", "a:b", "A-B", "a-b-2"]), ["a-b", "a-b-2", "A-B-3", "a-b-2-2"]);
        let many = names(&["?"; 40]);
        assert_eq!(many.iter().collect::<HashSet<_>>().len(), 40);
    }
}
