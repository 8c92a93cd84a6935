//! JSON-RPC 2.0, as A2A uses it.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use stockade::Fault;

use crate::problem::{Problem, words};

/// The header in which a client says of which version it is. One that says nothing is of 0.3.
const VERSION: &str = "a2a-version";

/// What a call returns, or why it is refused.
pub(crate) type Told<T> = Result<T, Refusal>;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    SendMessage,
    SendStreamingMessage,
    GetTask,
    ListTasks,
    CancelTask,
    SubscribeToTask,
    /// All methods about push notifications.
    PushNotificationConfig,
    GetExtendedAgentCard,
}

impl Method {
    const NAMES: [(&'static str, Self); 11] = [
        ("SendMessage", Self::SendMessage),
        ("SendStreamingMessage", Self::SendStreamingMessage),
        ("GetTask", Self::GetTask),
        ("ListTasks", Self::ListTasks),
        ("CancelTask", Self::CancelTask),
        ("SubscribeToTask", Self::SubscribeToTask),
        ("CreateTaskPushNotificationConfig", Self::PushNotificationConfig),
        ("GetTaskPushNotificationConfig", Self::PushNotificationConfig),
        ("ListTaskPushNotificationConfigs", Self::PushNotificationConfig),
        ("DeleteTaskPushNotificationConfig", Self::PushNotificationConfig),
        ("GetExtendedAgentCard", Self::GetExtendedAgentCard),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
    }
}

/// A call of a method.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) params: Value,
}

impl Call {
    pub(crate) fn read(mut asked: Value) -> Told<Self> {
        if asked.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            let message = "the body is not one call of JSON-RPC 2.0, as in {\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \
                           \"GetTask\", \"params\": {}}";
            return Err(Refusal::new(Code::Request, Fault::invalid("jsonrpc", message)));
        }
        let name = asked.get("method").and_then(Value::as_str).unwrap_or_default();
        let method = Method::named(name).ok_or_else(|| {
            let names = Method::NAMES.map(|(name, _)| name).join(", ");
            let message = format!("there is no method \"{name}\"; those are {names}");
            Refusal::new(Code::Method, Fault::invalid("method", message))
        })?;
        let params = asked.get_mut("params").map_or_else(|| json!({}), Value::take);
        Ok(Self { method, params })
    }
}

/// Returns the id of a call, which its answer has too; null where it cannot be read.
pub(crate) fn id(asked: &Value) -> Value {
    let is_id = |id: &&Value| id.is_string() || id.is_number();
    asked.get("id").filter(is_id).cloned().unwrap_or_default()
}

/// Checks that a client speaks the version that is spoken here.
pub(crate) fn check_version(headers: &HeaderMap) -> Told<()> {
    let said = headers.get(VERSION).map_or("0.3", |version| version.to_str().unwrap_or("?"));
    if said.split('.').next() == Some("1") {
        return Ok(());
    }
    let message =
        format!("version \"{said}\" of A2A is not spoken here, and 1.0 is; a client says so by \"A2A-Version: 1.0\"");
    Err(Refusal::new(Code::Version, Fault::invalid("a2a_version", message)))
}

/// The errors of JSON-RPC and of A2A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Parse,
    Request,
    Method,
    Params,
    TaskNotFound,
    NotCancelable,
    NoPush,
    Unsupported,
    ContentType,
    Version,
}

impl Code {
    /// Returns the number, and the reason as A2A names it.
    fn parts(self) -> (i32, &'static str) {
        match self {
            Self::Parse => (-32_700, "JSON_PARSE"),
            Self::Request => (-32_600, "INVALID_REQUEST"),
            Self::Method => (-32_601, "METHOD_NOT_FOUND"),
            Self::Params => (-32_602, "INVALID_PARAMS"),
            Self::TaskNotFound => (-32_001, "TASK_NOT_FOUND"),
            Self::NotCancelable => (-32_002, "TASK_NOT_CANCELABLE"),
            Self::NoPush => (-32_003, "PUSH_NOTIFICATION_NOT_SUPPORTED"),
            Self::Unsupported => (-32_004, "UNSUPPORTED_OPERATION"),
            Self::ContentType => (-32_005, "CONTENT_TYPE_NOT_SUPPORTED"),
            Self::Version => (-32_009, "VERSION_NOT_SUPPORTED"),
        }
    }

    /// Returns the error of a problem that is about what a call says; the others have their status alone.
    fn of(problem: &Problem) -> Option<Self> {
        let is_task = matches!(problem.fault.detail.as_deref(), Some("run" | "run_id"));
        match problem.status {
            StatusCode::NOT_FOUND if is_task => Some(Self::TaskNotFound),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => Some(Self::Params),
            StatusCode::CONFLICT => Some(Self::Unsupported),
            _ => None,
        }
    }
}

/// What is refused: a call, by an error in an answer; a request, by the status of HTTP that clients and proxies look at, where
/// its token has not the right, or the server has failed or has no room.
#[derive(Debug)]
pub(crate) enum Refusal {
    Call(Code, Box<Fault>),
    Request(Box<Problem>),
}

impl Refusal {
    pub(crate) fn new(code: Code, fault: Fault) -> Self {
        Self::Call(code, Box::new(fault))
    }

    /// Answers a call with this.
    pub(crate) fn answer(self, id: &Value) -> Response {
        match self {
            Self::Call(code, fault) => Json(error(id, code, &fault)).into_response(),
            Self::Request(problem) => problem.into_response(),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        match Code::of(&problem) {
            Some(code) => Self::new(code, problem.fault),
            None => Self::Request(Box::new(problem)),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Problem::from(fault).into()
    }
}

/// Answers a request whose body is no call.
pub(crate) fn unread(problem: Problem) -> Response {
    match problem.status {
        StatusCode::BAD_REQUEST => Json(error(&Value::Null, Code::Parse, &problem.fault)).into_response(),
        _ => problem.into_response(),
    }
}

/// An answer that has a result.
pub(crate) fn result(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// The last answer of a stream whose run cannot be read any further.
pub(crate) fn broken(id: &Value, fault: &Fault) -> Value {
    let error = json!({"code": -32_603, "message": words(fault), "data": [info("INTERNAL_ERROR", fault)]});
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

fn error(id: &Value, code: Code, fault: &Fault) -> Value {
    let (number, reason) = code.parts();
    let error = json!({"code": number, "message": words(fault), "data": [info(reason, fault)]});
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

/// What a program branches on, as `google.rpc.ErrorInfo` has it: our kind and the limit among the metadata, which are texts.
fn info(reason: &str, fault: &Fault) -> Value {
    let kind = serde_json::to_value(fault.kind).unwrap_or_default();
    let mut metadata = Map::from_iter([("kind".to_owned(), kind)]);
    if let Some(detail) = &fault.detail {
        metadata.insert("reason".to_owned(), detail.clone().into());
    }
    if let Some(breach) = &fault.breach {
        metadata.insert("limit".to_owned(), breach.limit.clone().into());
        metadata.insert("allowed".to_owned(), breach.allowed.to_string().into());
        metadata.insert("used".to_owned(), breach.used.to_string().into());
    }
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "a2a-protocol.org",
        "metadata": metadata,
    })
}

#[cfg(test)]
mod tests {
    use stockade::Kind;

    use super::*;

    fn code(told: Told<Call>) -> i32 {
        match told.unwrap_err() {
            Refusal::Call(code, _) => code.parts().0,
            Refusal::Request(problem) => i32::from(problem.status.as_u16()),
        }
    }

    #[test]
    fn a_call_is_read_and_any_other_body_has_the_number_of_its_error() {
        let call = Call::read(json!({"jsonrpc": "2.0", "id": 7, "method": "GetTask", "params": {"id": "r"}})).unwrap();
        assert_eq!((call.method, call.params), (Method::GetTask, json!({"id": "r"})));
        assert_eq!(code(Call::read(json!({"jsonrpc": "2.0", "id": 7, "method": "tasks/get"}))), -32_601);
        for wrong in [json!([]), json!({}), json!("GetTask"), json!({"jsonrpc": "1.0", "method": "GetTask"})] {
            assert_eq!(code(Call::read(wrong)), -32_600);
        }
        let ids = [json!({"id": 7}), json!({"id": {}}), json!([7])].map(|asked| id(&asked));
        assert_eq!(ids, [json!(7), Value::Null, Value::Null]);
    }

    #[test]
    fn what_a_call_says_is_an_error_in_an_answer_and_a_missing_right_is_a_status() {
        let is_status = |kind| matches!(Refusal::from(Fault::new(kind, "why")), Refusal::Request(_));
        assert!([Kind::Denied, Kind::Unavailable, Kind::Journal, Kind::HostBug].into_iter().all(is_status));
        assert!(![Kind::Invalid, Kind::NotFound, Kind::Conflict].into_iter().any(is_status));
        let unknown = Refusal::from(Fault::new(Kind::NotFound, "why").detail("run"));
        assert!(matches!(unknown, Refusal::Call(Code::TaskNotFound, _)));
    }

    #[test]
    fn a_client_of_another_version_is_told_which_one_is_spoken() {
        let says = |version: Option<&str>| {
            let pairs = version.into_iter().map(|version| (VERSION.parse().unwrap(), version.parse().unwrap()));
            check_version(&pairs.collect()).is_ok()
        };
        assert!(says(Some("1.0")) && says(Some("1.2")));
        assert!(!says(None) && !says(Some("0.3")) && !says(Some("2.0")) && !says(Some("")));
    }
}
