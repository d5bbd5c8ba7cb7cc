//! What a study file multiplies out to, and what is said of one with a mistake.

use super::*;

const HEAD: &str = "title = 'Test'\n[report]\ncolumns = 'depth'\n";

fn study(body: &str) -> Result<Study, String> {
    Study::parse(&format!("{HEAD}{body}"))
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
    let study = study(
        "[[grid]]\nreference = ['prediction', 'last-layer']\n\
         method = ['none', 'stable-grad', 'stable-grad(reference=2)', 'none']",
    )
    .expect("a valid study");
    let methods: Vec<_> = study.setups.iter().map(|s| s.method.to_string()).collect();
    assert_eq!(
        methods,
        [
            "none",
            "stable-grad(reference=prediction)",
            "stable-grad(reference=last-layer)",
            "stable-grad(reference=2)"
        ]
    );
}

#[test]
fn combinations_are_counted_before_they_are_built() {
    let list = |count: usize| {
        let numbers: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
        format!("[{}]", numbers.join(", "))
    };
    let runs = |body: &str| {
        let file: File = toml::from_str(&format!("{HEAD}[[grid]]\n{body}")).expect("a study");
        (
            file.grid[0].runs(),
            file.grid[0].setups().expect("setups").len(),
        )
    };
    let methods =
        "method = ['none', 'stable-grad', 'agc']\nreference = ['prediction', 'last-layer']\n";
    assert_eq!(runs(""), (1, 1));
    assert_eq!(
        runs("seed = [1, 2, 3]\nresidual-scale = [1.0, 2.0]"),
        (6, 6)
    );
    assert_eq!(runs(&format!("seed = [1, 2]\n{methods}")), (8, 8));

    // 2 * 300 * 500 * 60 = 18 million, a terabyte if they were built.
    let huge = format!(
        "[base]\nseed = [0, 1]\n[[grid]]\ndepth = {}\nwidth = {}\nsteps = {}\n[[grid]]",
        list(300),
        list(500),
        list(60)
    );
    let error = study(&huge).expect_err("too many");
    assert!(
        error.contains("18000002 combinations") && error.contains("at most 100000"),
        "{error}"
    );
}

#[test]
fn mistakes_are_answered_with_place_field_and_advice() {
    let mistakes = [
        (
            "[[grid]]\ndeptt = 3",
            "line 5",
            "unknown key `deptt`, expected one of `seed`, `problem`",
        ),
        (
            "[[grid]]\nmethod = 'magic'",
            "line 5",
            "possible values: none, stable-grad",
        ),
        (
            "[[grid]]\nmethod = ['none', 'magic']",
            "line 5",
            "unknown method 'magic'",
        ),
        (
            "[[grid]]\nactivation = 'relu'",
            "line 5",
            "expected one of `tanh`, `sin`, `silu`",
        ),
        (
            "[[grid]]\noptimizer = 'adam(momentum=1)'",
            "line 5",
            "it has: beta2, weight-decay",
        ),
        (
            "[[grid]]\nspikes = 'rain'",
            "line 5",
            "possible values: none, batch, tensor",
        ),
        ("[[grid]]\nlr = []", "line 5", "the list is empty"),
        (
            "[[grid]]\nlr = [\n1e-3,\n0]",
            "line 7: ",
            "give a number above 0\n    0]\n    ^",
        ),
        (
            "[[grid]]\ndepth = 600\nwidth = [20, 600]",
            "grid 1",
            "depth 600 and width 600 make",
        ),
        (
            "rows = ['methods']\n[[grid]]",
            "[report]",
            "unknown key 'methods' [possible values: problem, depth",
        ),
        (
            "rows = ['depth']\n[[grid]]",
            "[report]",
            "'depth' is named twice",
        ),
    ];
    for (body, place, advice) in mistakes {
        let error = refusal(body);
        assert!(
            error.contains(place) && error.contains(advice),
            "{body}\n{error}"
        );
    }
}

fn refusal(body: &str) -> String {
    study(body).map(|study| study.setups.len()).expect_err(body)
}

#[test]
fn values_of_another_kind_are_answered_with_what_a_key_takes() {
    let mistakes = [
        (
            "depth = 'deep'",
            "a whole number, at least 1 and at most 1000",
        ),
        (
            "width = 100_000_000",
            "a whole number, at least 1 and at most 4096",
        ),
        (
            "boundary-points = 0",
            "a whole number, at least 1 and at most 1000000",
        ),
        (
            "test-grid = 1",
            "a whole number, at least 2 and at most 1000",
        ),
        ("steps = 5.5", "a whole number, at least 1\n"),
        ("seed = -1", "a whole number, at least 0\n"),
        ("\tresample = {}", "a whole number, at least 0\n"),
        ("lr = 'abc'", "a number above 0"),
        ("lr = true", "a number above 0"),
        ("lr = inf", "a number above 0"),
        ("residual-scale = 0", "a number above 0"),
        ("boundary-weight = -1", "0 or a number above it"),
        ("method = 5", "text in quotes"),
        ("activation = 1", "text in quotes"),
        (
            "reference = -1",
            "prediction, derivatives, last-layer or a number above 0",
        ),
        (
            "reference = true",
            "prediction, derivatives, last-layer or a number above 0",
        ),
    ];
    for (line, wanted) in mistakes {
        let error = refusal(&format!("[[grid]]\n{line}"));
        let (place, wanted) = (format!("\n    {line}\n"), format!("give {wanted}"));
        assert!(error.starts_with("line 5: "), "{error}");
        assert!(error.contains(&wanted) && error.contains(&place), "{error}");
    }
}

#[test]
fn what_is_no_grid_is_answered_in_the_words_of_the_file() {
    let mistakes = [
        (
            "[grid]\nlr = 1",
            "line 4: write [[grid]]: there may be several",
        ),
        (
            "rows = 'depth'",
            "line 4: invalid type: string \"depth\", expected a list",
        ),
        (
            "ignore = [1]",
            "line 4: invalid type: integer `1`, expected text in quotes",
        ),
        ("[base]\nlr = 1\nlr = 2", "line 6: duplicate key"),
    ];
    for (body, told) in mistakes {
        let error = refusal(body);
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn what_every_study_needs_is_asked_for() {
    let missing = [
        (
            "[report]\ncolumns = 'depth'\n[[grid]]",
            "add a line title = ",
        ),
        (
            "title = 'x'\n[[grid]]",
            "add a section [report] with columns = ",
        ),
        (
            "title = 'x'\n[report]\n[[grid]]",
            "add columns = \"...\" to the section [report]",
        ),
        (HEAD, "add a section [[grid]]"),
    ];
    for (text, advice) in missing {
        let error = Study::parse(text).map(|_| ()).expect_err(text);
        assert!(error.starts_with(advice), "{error}");
        assert!(
            error.ends_with("; see examples/pinn/studies/README.md"),
            "{error}"
        );
    }
}

#[test]
fn a_reference_is_a_word_or_a_number() {
    let study = study("[[grid]]\nmethod = 'stable-grad'\nreference = ['last-layer', 0.1, '2', 3]");
    let setups = study.expect("a valid study").setups;
    let methods: Vec<_> = setups.iter().map(|s| s.method.to_string()).collect();
    let expected = ["last-layer", "0.1", "2", "3"].map(|r| format!("stable-grad(reference={r})"));
    assert_eq!(methods, expected);
}
