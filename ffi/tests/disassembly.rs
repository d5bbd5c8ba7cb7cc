//! What the loops became in the release library, by disassembly: vectors of the level they belong to, and in no loop a
//! gather, a scatter or a call, which is what a compiler makes of a loop that it cannot put into vectors.
//!
//! With and without `std`. The names of functions are the compiler's: those of the kernels hold `6kernel`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code)] // Each test crate uses its own part.
mod common;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;

use petgraph::Direction;
use petgraph::algo::dominators;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// One instruction: its address, its name, and its operands.
struct Instruction {
    address: u64,
    name: String,
    operands: String,
}

/// A function and its instructions, in the order of their addresses.
struct Function {
    name: String,
    instructions: Vec<Instruction>,
}

impl Function {
    /// The innermost loops, each as the indices of its instructions: the natural loops (a jump back to what dominates it,
    /// and all that reaches the jump from there) in which no other one begins.
    fn loops(&self) -> Vec<HashSet<usize>> {
        let graph = self.flow();
        let dominators = dominators::simple_fast(&graph, NodeIndex::new(0));
        let mut loops: HashMap<usize, HashSet<usize>> = HashMap::new();
        for edge in graph.edge_references() {
            let (jump, head) = (edge.source(), edge.target());
            let dominates = |mut of: Dominated| of.any(|node| node == head);
            if dominators.dominators(jump).is_some_and(dominates) {
                let body = loops.entry(head.index()).or_default();
                body.insert(head.index());
                let mut rest = vec![jump];
                while let Some(node) = rest.pop() {
                    if body.insert(node.index()) {
                        rest.extend(graph.neighbors_directed(node, Direction::Incoming));
                    }
                }
            }
        }
        let heads: HashSet<usize> = loops.keys().copied().collect();
        let innermost = |body: &HashSet<usize>| body.intersection(&heads).count() == 1;
        loops.into_values().filter(innermost).collect()
    }

    /// From each instruction to those that may follow it.
    fn flow(&self) -> DiGraph<(), ()> {
        let mut graph = DiGraph::new();
        let nodes: Vec<_> = self
            .instructions
            .iter()
            .map(|_| graph.add_node(()))
            .collect();
        for (index, instruction) in self.instructions.iter().enumerate() {
            let target = instruction.target().and_then(|address| {
                let found = self
                    .instructions
                    .binary_search_by_key(&address, |i| i.address);
                found.ok()
            });
            let next = Some(index + 1).filter(|next| *next < nodes.len() && !instruction.ends());
            for to in target.into_iter().chain(next) {
                graph.add_edge(nodes[index], nodes[to], ());
            }
        }
        graph
    }
}

/// A node's dominators, one after the other.
type Dominated<'a> = dominators::DominatorsIter<'a, NodeIndex>;

impl Instruction {
    fn is_call(&self) -> bool {
        self.name.starts_with("call")
    }

    fn is_gather_or_scatter(&self) -> bool {
        self.name.contains("gather") || self.name.contains("scatter")
    }

    /// Whether the next instruction in memory is not the next to be executed.
    fn ends(&self) -> bool {
        ["jmp", "ret", "ud2"]
            .iter()
            .any(|name| self.name.starts_with(name))
    }

    /// Where a jump goes.
    fn target(&self) -> Option<u64> {
        let first = self.operands.split_whitespace().next()?;
        let is_jump = self.name.starts_with('j');
        is_jump
            .then(|| u64::from_str_radix(first, 16).ok())
            .flatten()
    }
}

/// The functions in what `objdump -d --no-show-raw-insn` prints.
fn parse(text: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for line in text.lines() {
        if let Some((_, name)) = line
            .strip_suffix(">:")
            .and_then(|line| line.split_once('<'))
        {
            let (name, instructions) = (name.to_string(), Vec::new());
            functions.push(Function { name, instructions });
        } else if let (Some(function), Some((address, rest))) =
            (functions.last_mut(), line.split_once(':'))
            && let Ok(address) = u64::from_str_radix(address.trim(), 16)
        {
            let rest = rest.trim();
            let (name, operands) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let (name, operands) = (name.to_string(), operands.trim().to_string());
            function.instructions.push(Instruction {
                address,
                name,
                operands,
            });
        }
    }
    functions
}

fn disassembled(library: &Path) -> Vec<Function> {
    let output = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn"])
        .arg(library)
        .output()
        .expect("objdump, which comes with every C compiler");
    assert!(output.status.success(), "objdump {}", library.display());
    parse(&String::from_utf8(output.stdout).expect("ASCII"))
}

/// What is wrong with the loops of these functions; and how many there are.
fn faults(functions: &[Function]) -> (Vec<String>, usize) {
    let kernels = functions
        .iter()
        .filter(|function| function.name.contains("6kernel"));
    let (mut faults, mut loops) = (Vec::new(), 0);
    for kernel in kernels {
        for body in kernel.loops() {
            loops += 1;
            let instructions = body.iter().map(|index| &kernel.instructions[*index]);
            let bad = instructions.filter(|i| i.is_call() || i.is_gather_or_scatter());
            faults.extend(
                bad.map(|i| format!("{:x} {} {}: {}", i.address, i.name, i.operands, kernel.name)),
            );
        }
    }
    (faults, loops)
}

/// How often an instruction stands in the kernels with an operand of this kind.
fn count(functions: &[Function], name: &str, register: &str) -> usize {
    let kernels = functions
        .iter()
        .filter(|function| function.name.contains("6kernel"));
    let instructions = kernels.flat_map(|function| &function.instructions);
    instructions
        .filter(|i| i.name == name && i.operands.contains(register))
        .count()
}

fn check(library: &Path) {
    let functions = disassembled(library);
    let (faults, loops) = faults(&functions);
    assert!(
        faults.is_empty(),
        "{}:\n  {}",
        library.display(),
        faults.join("\n  ")
    );
    // Four element types at three levels and in plain Rust, each with several loops.
    assert!(loops > 100, "only {loops} loops: are these the kernels?");
    // The roots of Adam, one for each pair of gradient and parameter type.
    for (name, register) in [
        ("vsqrtps", "zmm"),
        ("vsqrtpd", "zmm"),
        ("vsqrtps", "ymm"),
        ("vsqrtpd", "ymm"),
    ] {
        assert!(
            count(&functions, name, register) >= 4,
            "{name} on {register}"
        );
    }
    assert!(count(&functions, "sqrtps", "xmm") >= 4 && count(&functions, "sqrtpd", "xmm") >= 4);
}

#[test]
fn loops_of_the_library_are_vectors() {
    check(&common::libraries().shared);
}

#[test]
fn loops_without_std_are_vectors() {
    check(&common::bare_archive());
}

/// Planted faults are found: a call and a gather in a loop, but neither outside of one nor around an inner one.
#[test]
fn faults_are_found() {
    let text = "\
0000000000001000 <_ZN7trimtab6kernel5stepE>:
    1000:\tcall   2000 <memcpy>
    1005:\tvmulps (%rdi),%zmm0,%zmm1
    100b:\tjne    1005 <_ZN7trimtab6kernel5stepE+0x5>
    100d:\tcall   2000 <memcpy>
    1012:\tjb     1000 <_ZN7trimtab6kernel5stepE>
";
    let found = |text: &str| faults(&parse(text));
    assert_eq!(found(text), (vec![], 1));
    let (call, loops) = found(&text.replace("vmulps (%rdi),%zmm0,%zmm1", "call   3000 <sqrt>"));
    assert!(
        call.len() == 1 && loops == 1 && call[0].contains("sqrt"),
        "{call:?}"
    );
    let (gather, _) = found(&text.replace("vmulps", "vgatherdps"));
    assert!(
        gather.len() == 1 && gather[0].contains("vgatherdps"),
        "{gather:?}"
    );
}
