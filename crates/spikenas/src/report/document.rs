use super::figure::{Figure, Table};

/// The content of a report, before it takes a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The page's title.
    pub title: String,
    /// The question and the result, in a sentence or two.
    pub summary: String,
    /// The figures that matter most: a name and a value each.
    pub facts: Vec<(String, String)>,
    /// Everything else, in order.
    pub sections: Vec<Section>,
    /// What a reader should know before trusting the result, such as layers that never fire.
    pub concerns: Vec<String>,
    /// Records that could not be read, and why.
    pub faults: Vec<String>,
}

/// An image with a line of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub words: String,
    /// A PNG in base64, where the record has one.
    pub png: Option<String>,
    /// Whether it is several pictures side by side.
    pub is_strip: bool,
}

/// A part of a report under a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Paragraphs of text.
    pub words: Vec<String>,
    /// Drawings of cells: a name and an SVG each.
    pub cells: Vec<(String, String)>,
    /// Figures, each with its numbers.
    pub figures: Vec<Figure>,
    /// Images.
    pub pictures: Vec<Picture>,
    /// Tables without a figure.
    pub tables: Vec<Table>,
    /// Something to copy: a command or a file.
    pub code: Vec<String>,
}

impl Section {
    /// A section with nothing in it yet.
    pub(super) fn titled(title: &str) -> Self {
        Self { title: title.to_string(), ..Self::default() }
    }
}

impl Report {
    /// All figures with their numbers, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|s| &s.figures)
    }
}
