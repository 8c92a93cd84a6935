//! All that a client can ask for. The routes and the description of the interface are both made of this table.

use stockade::Right;

use crate::door::{Door, Shape};
use crate::guard::Entry;
use crate::{
    a2a, agui, approvals, calls, catalogue, events, exec, forks, health, memory, metrics, picture, query, runs,
    sessions, settlements, uploads,
};

const KEY: &str = "Idempotency-Key";
const LAST: &str = "Last-Event-ID";
const TRACE: &str = "traceparent";
const RUN: Shape = Shape::One("Run");
const AS_IT_IS: &str = "The run as it then stands.";

pub(crate) fn doors() -> Vec<Door> {
    let mut doors = of_runs();
    doors.extend(of_protocols());
    doors.extend(of_one_run());
    doors.extend(of_people());
    doors.extend(of_the_host());
    doors.extend(of_sessions());
    doors.extend(of_memory());
    doors
}

fn of_runs() -> Vec<Door> {
    vec![
        Door::post("/v1/runs", "startRun", "Starts a run, once for each key.", runs::start)
            .header(KEY, "The same request under the same key starts one run, whichever server is asked.")
            .header(TRACE, "The place in the client's trace that the run is begun from, as W3C Trace Context has it.")
            .body("NewRun")
            .answers(201, RUN, "The run was started.")
            .answers(200, RUN, "The run was started under this key before."),
        Door::get("/v1/runs", "listRuns", "Lists runs, in pages; the header `Link` leads to the next one.", runs::list)
            .query(&query::OF_RUNS)
            .answers(200, Shape::Many("RunLine"), "One line about each run, the oldest first."),
        Door::post("/v1/exec", "exec", "Runs a piece of code, and answers once it stands still.", exec::exec)
            .header(KEY, "The same code under the same key runs once.")
            .body("Code")
            .answers(
                201,
                Shape::OneOrEvents("CodeRun"),
                "The code ran, and stands still; as events, `run`, `output` and `end`.",
            )
            .answers(200, Shape::OneOrEvents("CodeRun"), "It ran under this key before.")
            .answers(202, RUN, "The code takes longer, and goes on."),
        Door::get("/v1/events", "followRuns", "Follows the lines of all runs as they change.", events::of_all)
            .entry(Entry::Follows(Right::Read))
            .query(&query::OF_CHANGES)
            .header(LAST, "Go on behind this event; some of those before it may come again.")
            .answers(200, Shape::Events, "Events `run`, each with a line as `listRuns` has it."),
    ]
}

/// The interfaces that other programs have in common.
fn of_protocols() -> Vec<Door> {
    const CARD: &str = "What A2A 1.0 calls an agent card; its skills are told to a client with a token.";
    const ANSWER: &str = "The answer of JSON-RPC, or for the methods that follow a task a stream of such.";
    let card = |path, id, summary| {
        let door = Door::get(path, id, summary, a2a::card).entry(Entry::Free);
        door.answers(200, Shape::One("AgentCard"), CARD)
    };
    let call = |path, id, summary| {
        let door = Door::post(path, id, summary, a2a::call).entry(Entry::Follows(Right::Read));
        door.body("A2aCall").answers(200, Shape::One("A2aAnswer"), ANSWER)
    };
    vec![
        Door::post(
            "/v1/agui/{workflow}",
            "followAsAgUi",
            "Follows a run as AG-UI has it: an operator starts one, an approver answers its interrupts.",
            agui::follow,
        )
        .entry(Entry::Follows(Right::Read))
        .body("AgUiInput")
        .answers(200, Shape::Events, "Events of AG-UI 1.0, until the run has ended or asks a person."),
        card(
            "/.well-known/agent-card.json",
            "readAgentCard",
            "Returns the card of all workflows as skills of an A2A agent.",
        ),
        call("/v1/a2a", "callAgent", "Starts, reads, follows or cancels a run as a task of A2A."),
        card(
            "/v1/a2a/{workflow}/.well-known/agent-card.json",
            "readAgentCardOfWorkflow",
            "Returns the card of one workflow as an A2A agent.",
        ),
        call("/v1/a2a/{workflow}", "callAgentOfWorkflow", "Does the same with the runs of one workflow."),
    ]
}

fn of_one_run() -> Vec<Door> {
    vec![
        Door::get("/v1/runs/{id}", "readRun", "Returns all about a run.", runs::show).answers(200, RUN, AS_IT_IS),
        Door::get("/v1/runs/{id}/entries", "listEntries", "Returns the journal of a run, in pages.", runs::entries)
            .query(&[("after", "Only entries behind the one of this number.")])
            .answers(200, Shape::Many("Entry"), "About a megabyte of entries; none where there are no more."),
        Door::get(
            "/v1/runs/{id}/events",
            "followRun",
            "Follows the entries of a run until it has ended.",
            events::of_run,
        )
        .entry(Entry::Follows(Right::Read))
        .header(LAST, "The number of the last entry that the client has.")
        .answers(200, Shape::Events, "Events `entry`, each with an entry, and in the end `end` with the run.")
        .answers(204, Shape::Empty, "The run has ended, and the client has all of it."),
        Door::get(
            "/v1/runs/{id}/graph.svg",
            "drawRun",
            "Draws the states of the run's workflow, with the path that the run took.",
            picture::of_run,
        )
        .answers(200, Shape::Picture, "The picture, as far as about 8 MiB of entries tell."),
        Door::post("/v1/runs/{id}/stop", "stopRun", "Ends a run, whatever it is doing.", runs::stop)
            .body("Order")
            .answers(200, RUN, AS_IT_IS),
        Door::post(
            "/v1/runs/{id}/pause",
            "pauseRun",
            "Lets a run begin nothing more until it is resumed.",
            runs::pause,
        )
        .body("Order")
        .answers(200, RUN, AS_IT_IS),
        Door::post(
            "/v1/runs/{id}/resume",
            "resumeRun",
            "Goes on with a run that was paused or interrupted.",
            runs::resume,
        )
        .answers(200, RUN, AS_IT_IS),
        Door::post(
            "/v1/runs/{id}/fork",
            "forkRun",
            "Starts a new run that begins as this one stood, and asks and pays again from there.",
            forks::fork,
        )
        .header(KEY, "The same fork under the same key is started once.")
        .body("Fork")
        .answers(201, RUN, "The fork was started.")
        .answers(200, RUN, "The fork was started under this key before."),
        Door::post("/v1/runs/{id}/signals/{name}", "sendSignal", "Sends a run a signal.", runs::signal)
            .header(KEY, "Sent again under the same key, it is still one signal.")
            .body("Signal")
            .answers(200, RUN, AS_IT_IS),
        Door::post(
            "/v1/runs/{id}/budget",
            "addToBudget",
            "Adds to the budget of a run, and goes on with it.",
            runs::extend,
        )
        .body("Addition")
        .answers(200, RUN, AS_IT_IS),
    ]
}

fn of_people() -> Vec<Door> {
    vec![
        Door::get(
            "/v1/approvals",
            "listQuestions",
            "Lists the questions that wait for a person, in pages; the header `Link` leads to the next one.",
            approvals::list,
        )
        .query(&query::OF_QUESTIONS)
        .answers(200, Shape::Many("Question"), "The open questions, those of the oldest run first."),
        Door::post(
            "/v1/runs/{id}/approvals/{*key}",
            "decide",
            "Decides on a question, as it was seen.",
            approvals::decide,
        )
        .entry(Entry::Needs(Right::Approve))
        .body("Decision")
        .answers(200, RUN, "The decision is taken, and the run goes on."),
        Door::delete(
            "/v1/runs/{id}/approvals/{*key}",
            "revoke",
            "Lets an approval hold no longer for later calls.",
            approvals::revoke,
        )
        .entry(Entry::Needs(Right::Approve))
        .answers(200, RUN, AS_IT_IS),
        Door::post(
            "/v1/runs/{id}/settlements/{*key}",
            "settle",
            "Says what became of a call in doubt.",
            settlements::settle,
        )
        .entry(Entry::Needs(Right::Approve))
        .body("Settlement")
        .answers(200, RUN, AS_IT_IS),
    ]
}

fn of_the_host() -> Vec<Door> {
    vec![
        Door::get("/v1/workflows", "listWorkflows", "Lists the workflows.", catalogue::workflows).answers(
            200,
            Shape::Many("Name"),
            "Their names.",
        ),
        Door::get("/v1/workflows/{name}", "readWorkflow", "Returns the states of a workflow.", catalogue::workflow)
            .answers(200, Shape::One("Graph"), "The states, with what each may want and where it leads."),
        Door::get("/v1/tools", "listTools", "Lists the tools.", catalogue::tools).answers(
            200,
            Shape::Many("Tool"),
            "The tools, with their functions and grants.",
        ),
        Door::get("/v1/tools/{name}", "readTool", "Returns all about a tool.", catalogue::tool).answers(
            200,
            Shape::One("Tool"),
            "The tool.",
        ),
        Door::put(
            "/v1/tools/{name}",
            "uploadTool",
            "Registers a component as a tool that is granted nothing, and keeps it.",
            uploads::upload,
        )
        .entry(Entry::Takes(Right::Administer))
        .component()
        .answers(201, Shape::One("Tool"), "The tool, with the digest of the component. It may be called from now on.")
        .answers(200, Shape::One("Tool"), "The same component was there under this name."),
        Door::post(
            "/v1/tools/{name}/{function}",
            "callTool",
            "Calls a function once, outside of any run.",
            calls::call,
        )
        .entry(Entry::Needs(Right::Administer))
        .header(KEY, "A call under the same key is the same one, where the tool knows it again.")
        .body("Arguments")
        .answers(200, Shape::One("ToolAnswer"), "What the tool answered."),
        Door::get(
            "/v1/budgets",
            "listBudgets",
            "Returns how the budgets stand that runs share, in pages; the header `Link` leads to the next one.",
            catalogue::budgets,
        )
        .query(&query::OF_BUDGETS)
        .answers(200, Shape::Many("SharedBudget"), "The budgets, by name, period and what they are by."),
        Door::get("/healthz", "lives", "Says that the server lives.", health::lives).entry(Entry::Free).answers(
            200,
            Shape::One("Health"),
            "It lives.",
        ),
        Door::get("/readyz", "isReady", "Says whether the server can work: its journal answers.", health::is_ready)
            .entry(Entry::Free)
            .answers(200, Shape::One("Health"), "It can work."),
        Door::get("/metrics", "readMetrics", "Returns the meters as Prometheus reads them.", metrics::show).answers(
            200,
            Shape::Text,
            "The text format 0.0.4; OpenMetrics 1.0 where the client takes that.",
        ),
    ]
}

fn of_sessions() -> Vec<Door> {
    vec![
        Door::get("/v1/sessions", "listSessions", "Lists the sessions of code, in pages.", sessions::list)
            .query(&query::OF_SESSIONS)
            .answers(200, Shape::Many("Session"), "The sessions, by their names."),
        Door::get("/v1/sessions/{session}", "readSession", "Lists the pieces of code of a session.", sessions::show)
            .query(&query::OF_CELLS)
            .answers(200, Shape::Many("SessionCell"), "The pieces, in their order: the runs that they are of."),
        Door::post(
            "/v1/sessions/{session}/fork",
            "forkSession",
            "Begins a session with the variables of another one.",
            sessions::fork,
        )
        .body("NewSession")
        .answers(201, Shape::One("Session"), "From now on, neither sees what the other does."),
        Door::delete(
            "/v1/sessions/{session}",
            "removeSession",
            "Removes a session, and the runs that only ran its code and that no other session needs.",
            sessions::remove,
        )
        .entry(Entry::Needs(Right::Administer))
        .answers(200, Shape::One("RemovedSession"), "The runs that are gone, and those that are kept."),
    ]
}

fn of_memory() -> Vec<Door> {
    vec![
        Door::get("/v1/memory", "listMemories", "Lists what agents remember beyond a run, in pages.", memory::list)
            .query(&query::OF_MEMORIES)
            .answers(200, Shape::Many("Kept"), "The memories, the oldest first."),
        Door::get("/v1/memory/search", "searchMemories", "Finds the memories that fit a text best.", memory::search)
            .entry(Entry::Needs(Right::Operate))
            .query(&query::OF_SEARCH)
            .answers(200, Shape::Many("Memory"), "Those that fit, the best first."),
        Door::put(
            "/v1/memory",
            "keepMemory",
            "Keeps a text in pieces, in place of what there was of its source.",
            memory::keep,
        )
        .entry(Entry::Needs(Right::Administer))
        .body("NewMemory")
        .answers(200, Shape::One("Remembered"), "The numbers of its pieces."),
        Door::delete("/v1/memory", "forgetMemories", "Forgets memories.", memory::forget)
            .entry(Entry::Needs(Right::Administer))
            .query(&query::OF_FORGOTTEN)
            .answers(200, Shape::One("Forgotten"), "How many it were."),
    ]
}
