//! What a snapshot costs when there are more and more files.

use super::{ZSTD, begin_git, begin_ours, wait_for_clock};
use crate::{
    bench::{
        contest::{Contest, ours, peer},
        generate::{Kind, make},
        tables::thousands,
    },
    failure::Failure,
};

pub(super) fn measure(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let scale = contest.settings.scale;
    let sizes = [(1_000, 100), (10_000, 300), (100_000, 1_000), (200_000, 3_000)]
        .map(|(whole, quick)| scale.choose(whole, quick));
    for size in sizes {
        contest.clear(&["tree", "git"])?;
        make(Kind::Small, &contest.place.at("tree"), size)?;
        begin_git(contest)?;
        wait_for_clock();
        for round in 0..contest.settings.rounds {
            contest.round = round;
            begin_ours(contest)?;
            contest.run_at(
                Some(size),
                "cold",
                &[ours("{ours} --store store snap --no-ignore tree"), ZSTD],
            )?;
            contest.run_at(
                Some(size),
                "unchanged",
                &[
                    ours("{ours} --store store snap --no-ignore tree"),
                    peer("git status", &["git"], "git status --porcelain"),
                ],
            )?;
        }
    }
    let sizes = sizes.map(|size| thousands(size as f64)).join("; ");
    contest.results.input = format!("generated small files, 512 to 4,096 bytes each: {sizes}");
    Ok(())
}
