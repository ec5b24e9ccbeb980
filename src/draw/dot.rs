//! Graphviz's DOT.

use std::fmt::Write;

use super::{Diagram, lines_of};

/// The diagram as a directed graph from top to bottom.
pub(super) fn write(diagram: &Diagram) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&diagram.title));
    text.push_str("    rankdir=TB\n    node [shape=box, style=rounded, fontname=\"sans-serif\"]\n    edge [fontname=\"sans-serif\", fontsize=10]\n");
    for (at, node) in diagram.nodes.iter().enumerate() {
        let shape = if node.layers == 0 { ", shape=plaintext" } else { "" };
        // writing to a String cannot fail
        let _ = writeln!(text, "    n{at} [label={}{shape}]", quoted(&lines_of(node).join("\n")));
    }
    for edge in &diagram.edges {
        let _ = writeln!(text, "    n{} -> n{} [label={}]", edge.from, edge.to, quoted(&edge.shape));
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::diagram;

    #[test]
    fn every_node_and_edge_is_written() {
        let dot = diagram("input(8x8x1); flatten; dense(2)").to_dot();
        for part in [
            "digraph \"Net\" {",
            "n2 [label=\"dense\\n130 parameters\"]",
            "n0 -> n1 [label=\"8x8x1\"]",
            "n2 -> n3 [label=\"2\"]",
        ] {
            assert!(dot.contains(part), "`{part}` is missing in\n{dot}");
        }
    }
}
