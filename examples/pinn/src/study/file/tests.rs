//! What a study file multiplies out to, and what is said of one with a mistake.

use super::*;

const HEAD: &str = "title = 'Test'\n[report]\ncolumns = 'depth'\n";

fn study(body: &str) -> Result<Study, String> {
    Study::parse(&format!("{HEAD}{body}"))
}

fn methods(body: &str) -> Vec<String> {
    let setups = study(body).expect("a valid study").setups;
    setups.iter().map(|s| s.method.to_string()).collect()
}

#[test]
fn lists_multiply_out_and_seeds_come_first() {
    let study = study(
        "[base]\nsteps = 10\nseed = [0, 1]\n\
         [[grid]]\ndepth = [2, 3]\nmethod = ['none', 'agc']\n\
         [[grid]]\ndepth = 4\nmethod = 'none'\nsteps = 20\nseed = [1, 0]",
    )
    .expect("a valid study");
    let told = |s: &Setup| (s.seed, s.depth, s.steps, s.method.to_string());
    let half = |seed| {
        let run = |depth, steps, method: &str| (seed, depth, steps, method.to_owned());
        vec![
            run(2, 10, "none"),
            run(2, 10, "agc"),
            run(3, 10, "none"),
            run(3, 10, "agc"),
            run(4, 20, "none"),
        ]
    };
    let runs: Vec<_> = study.setups.iter().map(told).collect();
    assert_eq!(runs, [half(0), half(1)].concat());
}

#[test]
fn references_multiply_stable_grad_only_and_nothing_runs_twice() {
    let told = methods(
        "[[grid]]\nreference = ['prediction', 'last-layer']\n\
         method = ['none', 'stable-grad', 'stable-grad(reference=2)', 'none']",
    );
    let expected = ["prediction", "last-layer", "2"].map(|r| format!("stable-grad(reference={r})"));
    assert_eq!(told, [&["none".to_owned()][..], &expected].concat());
}

#[test]
fn a_reference_is_a_word_or_a_number() {
    let told = methods("[[grid]]\nmethod = 'stable-grad'\nreference = ['last-layer', 0.1, '2', 3]");
    let expected = ["last-layer", "0.1", "2", "3"].map(|r| format!("stable-grad(reference={r})"));
    assert_eq!(told, expected);
}

#[test]
fn combinations_are_counted_before_they_are_built() {
    let list = |count: usize| format!("{:?}", (1..=count).collect::<Vec<_>>());
    // 2 * 300 * 500 * 60 = 18 million, a terabyte if they were built.
    let huge = format!(
        "[base]\nseed = [0, 1]\n[[grid]]\ndepth = {}\nwidth = {}\nsteps = {}\n[[grid]]",
        list(300),
        list(500),
        list(60)
    );
    let error = refusal(&huge);
    let expected = "18000002 combinations, and a study has at most 100000";
    assert!(error.contains(expected), "{error}");
}

fn refusal(body: &str) -> String {
    study(body).map(|study| study.setups.len()).expect_err(body)
}

#[test]
fn mistakes_are_answered_with_place_and_advice() {
    for (body, advice) in [
        (
            "[[grid]]\ndeptt = 3",
            "grid 1: unknown key 'deptt' [possible values: problem, depth",
        ),
        (
            "[[grid]]\n[[grid]]\nmethod = 'magic'",
            "grid 2: method = \"magic\": 'magic': unknown variant `magic`, expected one of `stable-grad`",
        ),
        (
            "[base]\nmethod = ['none', 'magic']\n[[grid]]",
            "grid 1: method = \"magic\": ",
        ),
        (
            "[[grid]]\nactivation = 'relu'",
            "activation = \"relu\": unknown variant `relu`, expected one of `tanh`, `sin`, `silu`",
        ),
        (
            "[[grid]]\noptimizer = 'adam(momentum=1)'",
            "expected `beta2` or `weight-decay`",
        ),
        (
            "[[grid]]\nspikes = 'rain'",
            "expected one of `none`, `batch`, `tensor`",
        ),
        (
            "[[grid]]\nreference = -1",
            "reference = -1: unknown reference '-1': give prediction, derivatives",
        ),
        ("[[grid]]\nlr = []", "grid 1: lr: the list is empty"),
        (
            "[[grid]]\nlr = [1e-3, 0]",
            "grid 1: lr = 0: lr 0: give a finite number above 0",
        ),
        ("[[grid]]\nlr = inf", "grid 1: lr: give a finite number"),
        (
            "[[grid]]\nresidual-scale = inf",
            "grid 1: residual-scale: give a finite number",
        ),
        (
            "[[grid]]\nlr = 'abc'",
            "lr = \"abc\": invalid type: string \"abc\", expected f64",
        ),
        (
            "[[grid]]\ndepth = [3, [4]]",
            "depth = [4]: invalid type: sequence, expected usize",
        ),
        (
            "[[grid]]\nwidth = 100_000_000",
            "give a whole number from 1 to 4096",
        ),
        (
            "[[grid]]\nseed = -1",
            "seed = -1: invalid value: integer `-1`, expected u64",
        ),
        (
            "[[grid]]\nsteps = 5.5",
            "invalid type: floating point `5.5`, expected usize",
        ),
        (
            "[[grid]]\ndepth = 600\nwidth = [20, 600]",
            "depth 600 and width 600 make",
        ),
        (
            "rows = ['methods']\n[[grid]]",
            "[report]: unknown key 'methods' [possible values: problem, depth",
        ),
        ("rows = ['seed']\n[[grid]]", "[report]: unknown key 'seed'"),
        (
            "rows = ['depth']\n[[grid]]",
            "[report]: 'depth' is named twice",
        ),
        (
            "ignore = ['lr']\n[[grid]]\nlr = [1, 2]",
            "ignore = [lr] puts different runs with the same seed into one cell",
        ),
        ("", "add a section [[grid]]"),
        ("[grid]\nlr = 1", "line 4, column 1"),
        ("ignore = [1]", "line 4, column 11"),
        ("[base]\nlr = 1\nlr = 2", "duplicate key"),
    ] {
        let error = refusal(body);
        assert!(error.contains(advice), "{body}\n{error}");
    }
    let error = Study::parse("[report]\ncolumns = 'lr'").expect_err("no title");
    assert!(error.contains("missing field `title`"), "{error}");
}
