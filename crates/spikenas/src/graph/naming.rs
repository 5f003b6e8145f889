use crate::space::Edge;

/// A module of the reference's state dict as a place in the network: `cell1.cell_architecture.3.1` -> `cell 1, 0→3`.
pub fn layer_place(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let number = |text: &str, prefix: &str| text.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
    match parts.as_slice() {
        ["stem", ..] => "stem".into(),
        ["last_act", ..] => "last activation".into(),
        ["classifier", "1" | "2"] => "classifier, hidden".into(),
        ["classifier", "3"] => "classifier, output".into(),
        [cell, direction @ ("cell_architecture" | "cell_architecture_back"), edge, ..] => {
            let edges = if *direction == "cell_architecture" { Edge::ALL } else { Edge::BACK };
            let edge = edge.parse::<usize>().ok().and_then(|i| edges.get(i).copied());
            match (number(cell, "cell"), edge) {
                (Some(cell), Some(edge)) => format!("cell {cell}, {}→{}", edge.from(), edge.to()),
                _ => name.into(),
            }
        }
        [reduction, ..] => number(reduction, "downconv").map_or(name.into(), |n| format!("reduction {n}")),
        [] => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_places() {
        for (name, place) in [
            ("stem.0", "stem"),
            ("cell2.cell_architecture.3.1", "cell 2, 0→3"),
            ("cell1.cell_architecture.2", "cell 1, 1→2"),
            ("cell1.cell_architecture_back.4.1", "cell 1, 3→1"),
            ("downconv1.1", "reduction 1"),
            ("classifier.3", "classifier, output"),
            ("something.else", "something.else"),
        ] {
            assert_eq!(layer_place(name), place);
        }
    }
}
