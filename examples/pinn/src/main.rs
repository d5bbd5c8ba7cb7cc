//! Temporary.
use clap::Parser;
use pinn::{args::Args, run};
fn main() {
    let args = Args::parse();
    let problem = args.problem();
    let start = run::Start::draw(&args, &*problem);
    let t = std::time::Instant::now();
    let outcomes = run::run_all(&args, &*problem, &start, |_| Box::new(|_, _, _| ()));
    for o in &outcomes {
        println!(
            "{:20} loss {:.3e} error {:.4} {:.3} ms/step {:.1}% {}",
            o.method.label(),
            o.loss,
            o.error,
            o.milliseconds_per_step(),
            100.0 * o.trimtab_share(),
            o.divergence.map_or(String::new(), |d| d.to_string())
        );
    }
    eprintln!("total {:?}", t.elapsed());
}
