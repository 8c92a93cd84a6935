//! Live events, as EventSource reads them.

use std::convert::Infallible;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use stockade::{Clock, Fault, RunId, RunState};
use tokio::time::sleep;

use crate::changes::Changes;
use crate::guard::Room;
use crate::names::Names;
use crate::problem::{Answer, Problem};
use crate::query;
use crate::service::Service;

/// The header with which a client goes on that was cut off.
const LAST: &str = "last-event-id";

/// A client sees the changes of the last seconds before it came, or was cut off, too: it has read a list before, clocks differ,
/// and what one host has written may be seen a little after what another wrote later.
const BEFORE_MS: u64 = 5_000;

/// Sends the entries of a run as they are committed, and how it has ended. A client of a run that has ended, and that has all
/// of it, is told not to come again.
pub(crate) async fn of_run(
    State(service): State<Service>,
    Extension(room): Extension<Room>,
    names: Names,
    headers: HeaderMap,
) -> Answer<Response> {
    let (run, after) = (names.run()?, last(&headers)?.map_or(Ok(0), |last| number(&last))?);
    let state = service.host().state(run).await?;
    check_had(&state, after)?;
    if state.end().is_some() && after == state.seq() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let told = service.clone();
    let entries = service.host().run(run).events(after);
    let entries = entries.map_ok(move |entry| event(&told, "entry", &entry).id(entry.seq.to_string()));
    let told = service.clone();
    let events = until_fault(entries.chain(stream::once(ended(service.clone(), run))));
    let events = events.map(move |event| event.unwrap_or_else(|fault| problem(&told, fault)));
    Ok(live(service, room, events))
}

/// Checks that a client has no more than there is: the number of an entry of another run would hide the entries up to it.
fn check_had(state: &RunState, after: u64) -> Answer<()> {
    if after <= state.seq() {
        return Ok(());
    }
    let message = format!("run {} has {} entries, and none with number {after}", state.run(), state.seq());
    Err(Fault::invalid("last_event_id", message).into())
}

/// Says how a run stands after its last entry.
async fn ended(service: Service, run: RunId) -> stockade::Result<Event> {
    Ok(event(&service, "end", &service.host().report(run).await?))
}

/// Ends a stream with its first fault: what follows one that broke off would tell a client that it has all.
fn until_fault<T: Send + 'static>(
    items: impl Stream<Item = stockade::Result<T>> + Send + 'static,
) -> impl Stream<Item = stockade::Result<T>> + Send + 'static {
    stream::unfold(Some(items.boxed()), |items| async move {
        let mut items = items?;
        let item = items.next().await?;
        let rest = item.is_ok().then_some(items);
        Some((item, rest))
    })
}

/// Sends the lines of all runs as they change.
pub(crate) async fn of_all(
    State(service): State<Service>,
    Extension(room): Extension<Room>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer<Response> {
    let filter = query::filter(&uri, &query::OF_CHANGES)?;
    let last = last(&headers)?.map(|last| query::end(&last)).transpose()?.map(|end| end.updated_ms);
    let before = |at_ms: u64| at_ms.saturating_sub(BEFORE_MS);
    let begin = filter.changed_since_ms.unwrap_or_else(|| before(Clock::default().now_ms()));
    let since_ms = last.map_or(begin, before);
    let told = service.clone();
    let changes = Changes::new(service.clone(), filter, since_ms).stream().map(move |line| match line {
        Ok(line) => event(&told, "run", &*line).id(query::cursor((&*line).into())),
        Err(fault) => problem(&told, fault),
    });
    Ok(live(service, room, changes))
}

/// Sends events for as long as a stream lasts.
pub(crate) fn live(service: Service, room: Room, events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = events.take_until(over(service.clone(), room.clone()));
    send(&service, room, events)
}

/// Ends when the server is being ended, the time of a stream is over, or its token was removed.
pub(crate) async fn over(service: Service, room: Room) {
    tokio::select! {
        () = service.clone().closing() => {}
        () = sleep(service.limits().stream_time) => {}
        () = room.is_lost(&service) => {}
    }
}

/// Sends events with a sign of life between them.
pub(crate) fn send(service: &Service, room: Room, events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let heartbeat = service.limits().heartbeat;
    let events = events.map(move |event| {
        // The stream takes its room for as long as it lasts.
        let _ = &room;
        Ok::<_, Infallible>(event)
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(heartbeat)).into_response()
}

pub(crate) fn event(service: &Service, name: &str, value: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    match event.json_data(value) {
        Ok(event) => event,
        Err(error) => problem(service, Fault::new(stockade::Kind::HostBug, error.to_string())),
    }
}

/// The last event of a stream that breaks off.
pub(crate) fn problem(service: &Service, fault: Fault) -> Event {
    service.tell_within(&fault);
    Event::default().event("problem").data(Problem::from(fault).json())
}

fn last(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(last) = headers.get(LAST) else { return Ok(None) };
    let last = last.to_str().map_err(|error| Fault::invalid("last_event_id", format!("it cannot be read: {error}")))?;
    Ok(Some(last.to_owned()).filter(|last| !last.is_empty()))
}

fn number(last: &str) -> Answer<u64> {
    last.parse()
        .map_err(|_| Fault::invalid("last_event_id", format!("\"{last}\" is not the number of an entry")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_that_breaks_off_says_nothing_behind_its_fault() {
        let broken = Fault::of_storage("the connection to the journal is broken");
        let told = until_fault(stream::iter([Ok("entry"), Err(broken), Ok("end")]));
        let told: Vec<_> = told.map(|item| item.is_ok()).collect().await;
        assert_eq!(told, [true, false]);
        let whole = until_fault(stream::iter([Ok("entry"), Ok("end")]));
        assert_eq!(whole.count().await, 2);
    }
}
