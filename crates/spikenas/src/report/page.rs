//! A report as one self-contained HTML file.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{PAPER, escaped};
use super::document::{Picture, Report, Section};
use super::figure::{Figure, Table};

/// The page: style and script are part of it, and nothing is fetched.
pub fn page(report: &Report) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Some browsers would ask for an icon.
                link rel="icon" href="data:,";
                title { (report.title) }
                style { (PreEscaped(include_str!("assets/page.css"))) }
            }
            body {
                header {
                    h1 { (report.title) }
                    p.summary { (report.summary) }
                    (warnings("Records that could not be read", &report.faults))
                    (warnings("Before you trust these figures", &report.concerns))
                    @if !report.facts.is_empty() {
                        dl.facts {
                            @for (name, value) in &report.facts {
                                div { dt { (name) } dd { (value) } }
                            }
                        }
                    }
                }
                main { @for part in &report.sections { (section(part)) } }
                footer { "Made by spikenas " (env!("CARGO_PKG_VERSION")) " from the records of the run; nothing was computed again." }
                script { (PreEscaped(include_str!("assets/page.js"))) }
            }
        }
    };
    markup.into_string()
}

fn warnings(title: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            div.faults role="alert" {
                strong { (title) }
                ul { @for line in lines { li { (line) } } }
            }
        }
    }
}

fn section(section: &Section) -> Markup {
    let anchor = section.title.to_lowercase().replace(' ', "-");
    html! {
        section id=(anchor) {
            h2 { (section.title) }
            @for words in &section.words { p { (words) } }
            @if !section.cells.is_empty() {
                div.figures.cells {
                    @for (words, svg) in &section.cells {
                        figure { (drawing(svg, words)) figcaption { (words) } }
                    }
                }
            }
            @if !section.pictures.is_empty() {
                div.pictures.strips[section.pictures.iter().any(|picture| picture.is_strip)] { @for part in &section.pictures { (picture(part)) } }
            }
            @for part in &section.tables { (table(part)) }
            @if !section.figures.is_empty() {
                div.figures { @for part in &section.figures { (figure(part)) } }
            }
            @for code in &section.code { pre { (code) } }
        }
    }
}

fn picture(picture: &Picture) -> Markup {
    html! {
        figure {
            @if let Some(png) = &picture.png {
                img src={ "data:image/png;base64," (png) } alt=(picture.words);
            }
            figcaption dir="auto" { (picture.words) }
        }
    }
}

fn figure(figure: &Figure) -> Markup {
    html! {
        figure id=(figure.name) {
            figcaption { (figure.title) }
            (drawing(&figure.svg, &figure.alternative))
            details {
                summary { "The numbers" }
                (table(&figure.table))
            }
        }
    }
}

/// An SVG in the page: it takes the page's width and colours, and has a text alternative.
fn drawing(svg: &str, words: &str) -> Markup {
    let coloured = PAPER.iter().fold(svg.to_string(), |svg, (colour, name)| {
        svg.replace(&format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2), &format!("var(--{name})"))
    });
    let named = coloured.replacen("<svg", &format!("<svg role=\"img\" aria-label=\"{}\"", escaped(words)), 1);
    PreEscaped(named)
}

fn table(table: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(table.title) {
            table {
                thead {
                    tr {
                        @for column in &table.columns {
                            th.number[column.is_number] scope="col" { button type="button" { (column.name) } }
                        }
                    }
                }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (value, column) in row.iter().zip(&table.columns) {
                                td.number[column.is_number] data-n=[value.number] { (value.text) }
                            }
                        }
                    }
                }
            }
        }
        @for note in &table.notes { p.note { (note) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Value;

    #[test]
    fn what_records_say_cannot_become_markup() {
        let mut rows = Table::new("rows", &["name", "#value"]);
        rows.push(vec![Value::text("<b>&"), Value::number(1.5, "1.5")]);
        let pictures = vec![Picture { words: "<img>".into(), png: None, is_strip: false }];
        let section = Section { title: "A part".into(), tables: vec![rows], pictures, ..Section::default() };
        let report = Report {
            title: "<script>".into(),
            summary: String::new(),
            facts: vec![],
            sections: vec![section],
            concerns: vec!["<u>".into()],
            faults: vec!["<i>".into()],
        };
        let page = page(&report);
        for text in [
            "&lt;script&gt;",
            "&lt;b&gt;&amp;",
            "&lt;i&gt;",
            "&lt;u&gt;",
            "&lt;img&gt;",
            "data-n=\"1.5\"",
            "id=\"a-part\"",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
}
