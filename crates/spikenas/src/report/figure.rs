/// A drawing with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Name of its file and anchor: lower case and dashes.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The text alternative: what is drawn against what, and what it shows.
    pub alternative: String,
    /// The drawing, in the colours of light paper.
    pub svg: String,
    /// Its numbers.
    pub table: Table,
}

/// Numbers in rows and columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Heads.
    pub columns: Vec<Column>,
    /// As many values in each as there are columns.
    pub rows: Vec<Vec<Value>>,
    /// What a reader must know, such as rows left out.
    pub notes: Vec<String>,
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its words.
    pub name: String,
    /// Whether its values are numbers, which stand to the right.
    pub is_number: bool,
}

/// A value as it is shown and as it is sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its text.
    pub text: String,
    /// The number that it is sorted by, where it is one.
    pub number: Option<f64>,
}

impl Value {
    /// A number, shown as given.
    pub fn number(number: f64, text: impl Into<String>) -> Self {
        Self { text: text.into(), number: Some(number) }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), number: None }
    }

    /// Nothing is known.
    pub fn missing() -> Self {
        Self::text("–")
    }

    /// A number that may not be known.
    pub fn maybe(number: Option<f64>, show: impl Fn(f64) -> String) -> Self {
        number.map_or_else(Self::missing, |n| Self::number(n, show(n)))
    }
}

impl Table {
    /// A table without rows; names of columns of numbers begin with `#`.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        let column = |name: &&str| match name.strip_prefix('#') {
            Some(name) => Column { name: name.to_string(), is_number: true },
            None => Column { name: name.to_string(), is_number: false },
        };
        Self { title: title.into(), columns: columns.iter().map(column).collect(), ..Self::default() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }
}
