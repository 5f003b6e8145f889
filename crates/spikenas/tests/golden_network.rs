//! The trainable network against SNASNet's own code.

mod golden_case;

use golden_case::GoldenCase;

#[test]
fn golden_cases_can_be_read() {
    let cases = GoldenCase::all();
    assert!(cases.iter().all(|case| case.tensor("acc_voltage").len() == case.batch * case.plan.config.classes));
}
