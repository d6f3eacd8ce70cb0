//! Tasks handed out by rayon's parallel iterators: each a task of its own, or joined as it likes.

use std::hint::black_box;
use std::io::{stdin, stdout, BufRead, Write};
use std::time::Instant;

use rayon::prelude::*;

/// A linear congruential generator: each iteration waits for the one before. The constants are hidden from the compiler,
/// which could else put several iterations into one.
#[inline]
fn work(seed: u64, iterations: u64) -> u64 {
    let (a, c) = black_box((6364136223846793005u64, 1442695040888963407u64));
    let mut x = seed;
    for _ in 0..iterations {
        x = x.wrapping_mul(a).wrapping_add(c);
    }
    x
}

/// Seconds that one task takes where the calling thread does one after another in a loop, the least of several loops. A
/// processor overlaps neighbouring short tasks, so the loop has tasks of that length. Those of more iterations than a whole
/// loop are taken as so many times as long.
fn alone(iterations: u64) -> f64 {
    const MOST: u64 = 40000;
    let each = iterations.min(MOST);
    let n = MOST / each.max(1);
    let mut best = 1.0f64;
    for seed in 0..8 {
        let begin = Instant::now();
        black_box((0..n).fold(0u64, |sum, task| sum.wrapping_add(work(seed + task, each))));
        best = best.min(begin.elapsed().as_secs_f64() / n as f64);
    }
    best * iterations.max(1) as f64 / each.max(1) as f64
}

fn run(joined: bool, tasks: u64, iterations: u64) -> u64 {
    let range = (0..tasks as usize).into_par_iter();
    let one = |i: usize| work(i as u64, iterations);
    if joined {
        range.map(one).reduce(|| 0, u64::wrapping_add)
    } else {
        range.with_max_len(1).map(one).reduce(|| 0, u64::wrapping_add)
    }
}

/// Which worker did each task, and when. The first half of the tasks has work, so that those who begin with the second
/// half steal.
fn steal(tasks: u64, iterations: u64) -> String {
    let origin = Instant::now();
    let done: Vec<String> = (0..tasks as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(|i| {
            let begin = origin.elapsed();
            black_box(work(i as u64, if (i as u64) < tasks / 2 { iterations } else { 0 }));
            (rayon::current_thread_index().unwrap_or(0), begin, origin.elapsed())
        })
        .collect::<Vec<_>>()
        .iter()
        .map(|(worker, begin, end)| format!("[{},{:.9},{:.9}]", worker, begin.as_secs_f64(), end.as_secs_f64()))
        .collect();
    format!("{{\"tasks\": [{}]}}", done.join(","))
}

fn main() {
    let workers: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool of threads");
    for line in stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.trim_matches(|c| "[] \n".contains(c)).split(',').map(|w| w.trim_matches('"')).collect();
        let number = |i: usize| words[i].parse::<u64>().expect("a number");
        let answer = match words[0] {
            "version" => "{\"version\": \"rayon 1.12.0\"}".to_string(),
            "steals" => pool.install(|| steal(number(1), number(2))),
            name => {
                let before = alone(number(2));
                let begin = Instant::now();
                let sum = pool.install(|| run(name == "rayon-auto", number(1), number(2)));
                let seconds = begin.elapsed().as_secs_f64();
                format!("{{\"seconds\": {:e}, \"sum\": {}, \"task_s\": {:e}}}", seconds, sum, before.min(alone(number(2))))
            }
        };
        println!("{answer}");
        stdout().flush().expect("someone who reads");
    }
}
