/// A number with what it counts, in the singular for one.
///
/// ```
/// use spikenas::counted;
///
/// assert_eq!((counted(1, "epoch"), counted(30, "epoch")), ("1 epoch".into(), "30 epochs".into()));
/// assert_eq!((counted(1, "class"), counted(0, "class")), ("1 class".into(), "0 classes".into()));
/// ```
pub fn counted(count: usize, noun: &str) -> String {
    let ending = match (count, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{ending}")
}
