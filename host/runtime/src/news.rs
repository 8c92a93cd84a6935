//! What others have left in the journal for a run, by one question: a driver looks before each step, but for those by which only a
//! computation begins.

use stockade_journal::{Journal, Row};
use stockade_workflow::RunState;

use crate::orders::Order;
use crate::{Result, children, inbox, marks, orders, settlements};

/// What the journal has for a run that its driver may not know yet.
#[derive(Default)]
pub(crate) struct News {
    /// What a person wants of the run.
    pub(crate) order: Option<Order>,
    /// The rows of its signals.
    pub(crate) signals: Vec<Row>,
    /// The rows of the ends of runs that it has started.
    pub(crate) ends: Vec<Row>,
    /// The rows of what people have settled, and of results that came later.
    pub(crate) settlements: Vec<Row>,
    /// The rows of what runs left in stores.
    pub(crate) marks: Vec<Row>,
}

impl News {
    /// Asks for what a run in this state can have use of.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub(crate) async fn of(journal: &dyn Journal, state: &RunState) -> Result<Self> {
        let run = state.run().to_string();
        let own = format!("{run}/");
        let mut places = vec![(orders::SPACE, &*run), (inbox::SPACE, &*own), (marks::SPACE, "")];
        if state.children().next().is_some() {
            places.push((children::ENDED, &*own));
        }
        if state.awaits_settlement() {
            places.push((settlements::SPACE, &*own));
        }
        let mut news = Self::default();
        journal.find_each(&places).await?.into_iter().for_each(|row| news.add(row));
        Ok(news)
    }

    fn add(&mut self, row: Row) {
        match &*row.space {
            orders::SPACE => self.order = orders::read(&row),
            inbox::SPACE => self.signals.push(row),
            children::ENDED => self.ends.push(row),
            settlements::SPACE => self.settlements.push(row),
            marks::SPACE => self.marks.push(row),
            _ => {}
        }
    }
}
