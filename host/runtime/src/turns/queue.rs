use std::collections::{BTreeMap, BTreeSet};

use super::{Driven, Lane, Priority};

/// What waits for its turn, by tenant: what is next is found without a look at each.
pub(super) struct Queue<T> {
    tenants: BTreeMap<String, Tenant<T>>,
    /// The tenants in the order of their turns.
    order: BTreeSet<(Place, String)>,
    /// How many have ever come.
    came: u64,
}

struct Tenant<T> {
    place: Place,
    /// What waits for each priority and workflow, by its number.
    lanes: BTreeMap<(Priority, String), BTreeMap<u64, T>>,
}

/// Where a tenant stands among the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// When it had its last turn.
    rank: u64,
    /// The number of the first that it has had here since nothing of it waited.
    came: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { tenants: BTreeMap::new(), order: BTreeSet::new(), came: 0 }
    }
}

impl<T> Queue<T> {
    /// Adds one of a tenant whose last turn was then, and returns its number.
    pub(super) fn push(&mut self, lane: &Lane, rank: u64, item: T) -> u64 {
        self.came += 1;
        let came = self.came;
        let tenant = self.tenants.entry(lane.tenant.clone()).or_insert_with(|| {
            let place = Place { rank, came };
            self.order.insert((place, lane.tenant.clone()));
            Tenant { place, lanes: BTreeMap::new() }
        });
        tenant.lanes.entry((lane.priority, lane.workflow.clone())).or_default().insert(came, item);
        came
    }

    /// Takes out what waits no more, if it is still here.
    pub(super) fn remove(&mut self, lane: &Lane, number: u64) -> Option<T> {
        let tenant = self.tenants.get_mut(&lane.tenant)?;
        let key = (lane.priority, lane.workflow.clone());
        let waiting = tenant.lanes.get_mut(&key)?;
        let item = waiting.remove(&number);
        if waiting.is_empty() {
            tenant.lanes.remove(&key);
        }
        if tenant.lanes.is_empty() {
            self.order.remove(&(tenant.place, lane.tenant.clone()));
            self.tenants.remove(&lane.tenant);
        }
        item
    }

    /// Takes out what is next of what may be driven.
    pub(super) fn next(&mut self, driven: &Driven) -> Option<(Lane, T)> {
        if !driven.has_room() {
            return None;
        }
        let tenants = self.order.iter().filter(|(_, name)| driven.allows_tenant(name));
        let found = tenants.filter_map(|(_, name)| Some((self.tenants.get(name)?.first(driven)?, name.clone()))).next();
        let ((priority, workflow, number), tenant) = found?;
        let lane = Lane { workflow, tenant, priority };
        self.remove(&lane, number).map(|item| (lane, item))
    }

    /// Has a tenant stand where its last turn puts it.
    pub(super) fn served(&mut self, tenant: &str, rank: u64) {
        let Some(waits) = self.tenants.get_mut(tenant) else { return };
        self.order.remove(&(waits.place, tenant.to_owned()));
        waits.place.rank = rank;
        self.order.insert((waits.place, tenant.to_owned()));
    }
}

impl<T> Tenant<T> {
    /// The first of the most urgent ones that may be driven.
    fn first(&self, driven: &Driven) -> Option<(Priority, String, u64)> {
        let may_be = self.lanes.iter().filter(|((_, workflow), _)| driven.allows_workflow(workflow));
        let firsts = may_be.filter_map(|((priority, workflow), waiting)| {
            waiting.first_key_value().map(|(number, _)| (*priority, *number, workflow))
        });
        firsts.min().map(|(priority, number, workflow)| (priority, workflow.clone(), number))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::config::Concurrency;

    fn lane(tenant: &str, priority: Priority, workflow: &str) -> Lane {
        Lane { workflow: workflow.to_owned(), tenant: tenant.to_owned(), priority }
    }

    #[test]
    fn an_item_that_was_taken_out_is_not_next_and_leaves_nothing_behind() {
        let mut queue = Queue::default();
        let lane = lane("a", Priority::Usual, "w");
        let numbers = [queue.push(&lane, 0, 'x'), queue.push(&lane, 0, 'y')];
        assert_eq!(queue.remove(&lane, numbers[0]), Some('x'));
        assert_eq!(queue.remove(&lane, numbers[0]), None);
        assert_eq!(queue.next(&Driven::default()).map(|(_, item)| item), Some('y'));
        assert!(queue.tenants.is_empty() && queue.order.is_empty());
    }

    #[test]
    fn a_workflow_that_has_its_most_does_not_hold_up_another() {
        let workflow = [("full".to_owned(), NonZeroU32::MIN)].into_iter().collect();
        let mut driven = Driven { limits: Concurrency { workflow, ..Concurrency::default() }, ..Driven::default() };
        driven.add(&lane("b", Priority::Usual, "full"));
        let mut queue = Queue::default();
        queue.push(&lane("a", Priority::High, "full"), 0, 1);
        queue.push(&lane("a", Priority::Low, "free"), 0, 2);
        assert_eq!(queue.next(&driven).map(|(_, item)| item), Some(2));
        assert!(queue.next(&driven).is_none());
    }
}
