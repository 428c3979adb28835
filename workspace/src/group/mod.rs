//! Many writers of one ledger: those that wait share one batch, and with it one sync.

mod queue;
mod staged;

pub(crate) use queue::Queue;
use queue::{Member, Turn};
use staged::Stage;

use crate::{Committed, RefOutcome, Stamp, Workspace, WorkspaceError, commit::Wish};

/// What became of a wish.
pub(crate) enum Done {
    /// A snapshot.
    Snapshot(Box<Committed>),
    /// A ref.
    Ref(RefOutcome),
}

impl Workspace {
    /// Does what is wished, together with what others wish of the same workspace and its clones at
    /// the same time; each is answered as if it had come alone.
    ///
    /// # Errors
    ///
    /// As the wish.
    pub(crate) async fn do_in_turn(
        &self,
        wish: Wish,
        stamp: &Stamp,
    ) -> Result<Done, WorkspaceError> {
        let place = self.queue().enter(wish, *stamp);
        loop {
            let moved = self.queue().moved();
            match place.turn() {
                Turn::Answered(answer) => return *answer,
                Turn::Alone => return self.fulfil(place.wish(), stamp).await,
                Turn::Lead(lead) => self.lead(lead.group()).await,
                Turn::Wait => moved.await,
            }
        }
    }

    /// Answers a group. Who has no answer afterwards asks alone, and hears of the failure itself.
    async fn lead(&self, group: &[Member]) {
        if let [alone] = group {
            alone.answer(self.fulfil(alone.wish(), alone.stamp()).await);
            return;
        }
        for _ in 0..GROUP_TRIES {
            let Ok((stage, staged)) = self.staged() else { return };
            let mut answers = Vec::with_capacity(group.len());
            for member in group {
                answers.push(staged.fulfil(member.wish(), member.stamp()).await);
            }
            match stage.commit(self.store(), self.id()).await {
                Ok(true) => {
                    let answered = group.iter().zip(answers);
                    answered.for_each(|(member, answer)| member.answer(answer));
                    return;
                }
                Ok(false) => {}
                Err(_) => return,
            }
        }
    }

    /// The same workspace over a stage, and the stage.
    fn staged(&self) -> Result<(Stage, Self), WorkspaceError> {
        let stage = Stage::default();
        let workspace = self.over(stage.over(self.store())?)?;
        Ok((stage, workspace))
    }
}

/// How often a group is made anew when writers elsewhere are faster, before each goes alone.
const GROUP_TRIES: u32 = 4;
