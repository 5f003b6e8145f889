//! A table of trained architectures, which `correlate` ranks.

use spikenas::workflow::correlate::{Half, Table, Trivial};

use crate::promises::accepted;
use crate::scratch;

pub(crate) fn valid() -> Vec<Vec<u8>> {
    let heads = "id,op01,op02,op12,op03,op13,op23,test_acc\n";
    let quoted = "test_acc,\"op23\",op13,op03,op12,op02,op01\r\n\"81.5\",0,0,2,0,0,0\r\n80,4,0,0,0,1,0\r\n";
    let texts = "architecture,test_acc\n0313 0031 0003 0000/0001 0000 0000 0000,50.5\n0341 0044 0003 0000,49\n";
    vec![
        texts.into(),
        format!("{heads}0,0,1,2,3,4,0,81.25\n1,4,3,2,1,0,4,10\n2,0,0,0,0,0,0,9.5\n").into(),
        quoted.into(),
    ]
}

pub(crate) fn read(input: &[u8]) -> bool {
    let Some(table) = accepted(Table::read(&scratch::file("table.csv", input), "test_acc")) else { return false };
    assert!(table.rows.len() >= 2 && table.rows.iter().all(|row| row.truth.is_finite()));
    for trivial in Trivial::ALL {
        assert!(table.rows.iter().all(|row| !trivial.of(&row.architecture).is_nan()));
    }
    let halves = [Half::Choice, Half::Verdict].map(|half| table.clone().half(half).rows.len());
    assert_eq!(halves[0] + halves[1], table.rows.len());
    true
}
