//! What a test says of each class: samples, accuracies, the confusion matrix, and the most certain mistakes.

use super::confusion::{self, name};
use super::document::{Picture, Section};
use super::figure::{Figure, Table, Value};
use super::words::{grouped, percent, shortened};
use crate::engine::{ClassResult, Evaluation, TestedImage};

/// More classes than these are not listed: a page must stay small.
const MOST: usize = 1000;
/// A matrix of more classes than these cannot be read; pairs of classes are listed instead.
const MATRIX: usize = 20;
/// Characters of a name in a table.
const NAME: usize = 40;

/// The section of the classes of a test that tells them.
pub(super) fn section(evaluation: &Evaluation) -> Option<Section> {
    let classes = &evaluation.classes;
    if classes.is_empty() {
        return None;
    }
    let mut section = Section::titled("Classes");
    section.words.extend(extremes(classes));
    if classes.len() <= MATRIX {
        section.figures.push(Figure {
            name: "confusion".into(),
            title: "Confusion matrix".into(),
            alternative: format!(
                "A square for each pair of {} classes, the darker the more images of the class on the left were taken for the \
                 class above. {} of {} images lie on the diagonal, where both are the same.",
                classes.len(),
                grouped(evaluation.correct as u64),
                grouped(evaluation.total as u64)
            ),
            svg: confusion::draw(classes),
            table: accuracies(classes),
        });
    } else {
        section.tables.push(accuracies(classes));
        section.tables.push(confused(classes));
    }
    Some(section)
}

/// The section of the samples, where there are any.
pub(super) fn samples(evaluation: &Evaluation) -> Option<Section> {
    if evaluation.samples.is_empty() {
        return None;
    }
    let mut section = Section::titled("Samples");
    let of_all = evaluation.samples.len() == evaluation.classes.iter().filter(|class| class.total > 0).count();
    let classes = if of_all { "each class" } else { "some classes, evenly from all" };
    section.words.push(format!(
        "The first test image of {classes}, and what it was taken for with which share of the votes (the softmax of the outputs)."
    ));
    if evaluation.samples.iter().any(|sample| sample.frames.is_some()) {
        section
            .words
            .push("Of recordings some frames: red where it became brighter, blue where it became darker.".into());
    }
    section.pictures = evaluation.samples.iter().take(Evaluation::SAMPLES).map(|s| picture(s, evaluation)).collect();
    Some(section)
}

/// The section of the mistakes, where there are any.
pub(super) fn mistakes(evaluation: &Evaluation) -> Option<Section> {
    if evaluation.mistakes.is_empty() {
        return None;
    }
    let mut section = Section::titled("Most certain mistakes");
    section.words.push(format!(
        "Of {} test images whose class was not predicted, those with the largest share of the votes (the softmax of the outputs) \
         for another class. Images without a file are counted from 0.",
        grouped(evaluation.total.saturating_sub(evaluation.correct) as u64)
    ));
    section.pictures = evaluation.mistakes.iter().take(Evaluation::MISTAKES).map(|m| picture(m, evaluation)).collect();
    Some(section)
}

fn picture(tested: &TestedImage, evaluation: &Evaluation) -> Picture {
    let name = |class: usize| shortened(&name(&evaluation.classes, class), NAME);
    let image = tested.file.as_ref().map_or(format!("image {}", tested.index), |file| shortened(file, 80));
    let found = match tested.class == tested.predicted {
        true => "recognised".into(),
        false => format!("taken for {}", name(tested.predicted)),
    };
    let words = format!("{image}: {}, {found} with {} of the votes", name(tested.class), percent(100.0 * tested.share));
    // Base64 alone: what a record says cannot become anything but an image.
    let is_base64 = |text: &&String| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let png = tested.frames.as_ref().or(tested.picture.as_ref()).filter(is_base64).cloned();
    Picture { words, png, is_strip: tested.frames.is_some() }
}

/// The classes that are recognised best and worst.
fn extremes(classes: &[ClassResult]) -> Option<String> {
    let known = || classes.iter().enumerate().filter_map(|(index, class)| Some((index, class.accuracy()?)));
    let best = known().reduce(|best, one| if one.1 > best.1 { one } else { best })?;
    let worst = known().reduce(|worst, one| if one.1 < worst.1 { one } else { worst })?;
    let words =
        |(class, accuracy): (usize, f64)| format!("{} ({})", shortened(&name(classes, class), NAME), percent(accuracy));
    let spread = (best.1 > worst.1).then(|| format!("Recognised best: {}; worst: {}.", words(best), words(worst)));
    spread.or_else(|| Some(format!("All classes have an accuracy of {}.", percent(best.1))))
}

fn accuracies(classes: &[ClassResult]) -> Table {
    let columns = ["class", "#images", "#right", "#accuracy, %", "#predicted", "most often mistaken for"];
    let mut table = Table::new("Accuracy by class", &columns);
    let mut predicted = vec![0_usize; classes.len()];
    for taken in classes.iter().flat_map(|class| &class.predicted) {
        if let Some(count) = predicted.get_mut(taken.class) {
            *count = count.saturating_add(taken.count);
        }
    }
    let whole = |n: usize| Value::number(n as f64, grouped(n as u64));
    for (index, class) in classes.iter().enumerate().take(MOST) {
        let mistaken = class.predicted.iter().filter(|taken| taken.class != index);
        let most = mistaken.reduce(|most, one| if one.count > most.count { one } else { most });
        table.push(vec![
            Value::text(shortened(&name(classes, index), NAME)),
            whole(class.total),
            whole(class.correct),
            Value::maybe(class.accuracy(), |a| format!("{a:.2}")),
            whole(predicted[index]),
            Value::text(most.map_or("–".into(), |m| {
                format!("{} ({})", shortened(&name(classes, m.class), NAME), grouped(m.count as u64))
            })),
        ]);
    }
    if classes.len() > MOST {
        let left = grouped((classes.len() - MOST) as u64);
        table.notes.push(format!("{left} more classes are left out here; evaluate.json has them all."));
    }
    table
}

/// The pairs of classes that are confused most often.
fn confused(classes: &[ClassResult]) -> Table {
    /// Pairs that are listed.
    const PAIRS: usize = 30;
    let mut table = Table::new("Most frequent confusions", &["class", "mistaken for", "#images", "#of the class, %"]);
    let of = |(index, class): (usize, &ClassResult)| {
        let total = class.total;
        let others: Vec<_> = class.predicted.iter().filter(|t| t.class != index).copied().collect();
        others.into_iter().map(move |taken| (index, taken, total))
    };
    let mut pairs: Vec<_> = classes.iter().enumerate().flat_map(of).collect();
    pairs.sort_by_key(|(_, taken, _)| std::cmp::Reverse(taken.count));
    for (index, taken, total) in pairs.into_iter().take(PAIRS) {
        let part = 100.0 * taken.count as f64 / total.max(1) as f64;
        table.push(vec![
            Value::text(shortened(&name(classes, index), NAME)),
            Value::text(shortened(&name(classes, taken.class), NAME)),
            Value::number(taken.count as f64, grouped(taken.count as u64)),
            Value::number(part, format!("{part:.1}")),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Taken;

    fn class(name: &str, predicted: &[(usize, usize)], index: usize) -> ClassResult {
        let predicted: Vec<Taken> = predicted.iter().map(|&(class, count)| Taken { class, count }).collect();
        let correct = predicted.iter().filter(|t| t.class == index).map(|t| t.count).sum();
        ClassResult { name: name.into(), total: predicted.iter().map(|t| t.count).sum(), correct, predicted }
    }

    fn tested(classes: Vec<ClassResult>) -> Evaluation {
        let total = classes.iter().map(|c| c.total).sum();
        let correct = classes.iter().map(|c| c.correct).sum();
        Evaluation { classes, total, correct, ..Evaluation::default() }
    }

    #[test]
    fn each_class_is_told_by_its_name_with_what_it_was_mistaken_for() {
        let classes =
            vec![class("cat", &[(0, 6), (1, 2)], 0), class("dog", &[(0, 3), (1, 1), (2, 4)], 1), class("", &[], 2)];
        let section = section(&tested(classes)).unwrap();
        let rows: Vec<Vec<&str>> =
            section.figures[0].table.rows.iter().map(|row| row.iter().map(|v| v.text.as_str()).collect()).collect();
        assert_eq!(rows[0], ["cat", "8", "6", "75.00", "9", "dog (2)"]);
        assert_eq!(rows[1], ["dog", "8", "1", "12.50", "3", "class 2 (4)"]);
        assert_eq!(rows[2], ["class 2", "0", "0", "–", "4", "–"]);
        assert_eq!(section.words, ["Recognised best: cat (75.00 %); worst: dog (12.50 %)."]);
    }

    #[test]
    fn many_classes_have_a_list_of_confusions_in_place_of_a_matrix() {
        let classes: Vec<_> = (0..40).map(|i| class(&format!("c{i}"), &[(i, 1), ((i + 1) % 40, i)], i)).collect();
        let section = section(&tested(classes)).unwrap();
        assert!(section.figures.is_empty());
        let first: Vec<&str> = section.tables[1].rows[0].iter().map(|v| v.text.as_str()).collect();
        assert_eq!((first, section.tables[1].rows.len()), (vec!["c39", "c0", "39", "97.5"], 30));
    }

    #[test]
    fn records_that_contradict_themselves_are_shown_all_the_same() {
        let mut test = tested(vec![class("a", &[(7, 3)], 0), class("b", &[(1, usize::MAX / 4)], 1)]);
        (test.correct, test.total) = (5, 1);
        let share = 2.0;
        let picture = Some("\" onerror=\"alert(1)".to_string());
        let image = TestedImage { index: 3, file: None, class: 9, predicted: 8, share, picture, frames: None };
        (test.mistakes, test.samples) = (vec![image.clone()], vec![image]);
        assert_eq!(samples(&test).unwrap().pictures, mistakes(&test).unwrap().pictures);
        assert!(section(&test).unwrap().figures[0].svg.ends_with("</svg>"));
        let pictures = mistakes(&test).unwrap().pictures;
        assert_eq!(pictures[0].words, "image 3: class 9, taken for class 8 with 200.00 % of the votes");
        assert_eq!(pictures[0].png, None);
    }
}
