//! The built-in tool "data": statements under its grants, and texts made to do harm.

use std::sync::LazyLock;

use rusqlite::Connection;
use serde_json::{Value, json};
use stockade_sandbox::{Component, Limits, Tool};
use stockade_workflow::{Fault, Grant};
use tempfile::NamedTempFile;

use crate::common::{ENGINE, built, call, denial, tool};

static DATA: LazyLock<Component> = LazyLock::new(|| ENGINE.load(&built("data")).expect("a component"));

struct Shop {
    _file: NamedTempFile,
    tool: Tool,
}

impl Shop {
    fn new(grant: impl FnOnce(Grant) -> Grant) -> Self {
        let file = NamedTempFile::new().unwrap();
        let schema = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL);
                      INSERT INTO items VALUES (1, '=lamp', 149.5), (2, 'a \"b\", c', NULL);";
        Connection::open(file.path()).unwrap().execute_batch(schema).unwrap();
        let grant = grant(Grant::sql("shop", format!("sqlite:{}", file.path().display())));
        Self { tool: tool(DATA.clone(), &[grant]), _file: file }
    }

    async fn call(&self, function: &str, arguments: Value) -> Result<Value, Fault> {
        call(&self.tool, function, arguments, Limits::default()).await.result
    }
}

#[tokio::test]
async fn data_is_queried_in_either_format() {
    let shop = Shop::new(|grant| grant);
    let schema = shop.call("schema", json!({"connection": "shop"})).await.unwrap();
    assert_eq!(schema[0]["name"], "items");
    assert!(schema[0]["definition"].as_str().unwrap().contains("price REAL"), "{schema}");
    let query = json!({"connection": "shop", "statement": "SELECT * FROM items WHERE id < ?1", "parameters": "[3]"});
    let answer = shop.call("query", query.clone()).await.unwrap();
    let csv = "id,name,price\n1,'=lamp,149.5\n2,\"a \"\"b\"\", c\",\n";
    assert_eq!(answer, json!({"rows": 2, "text": csv}));
    let mut query = query;
    query["format"] = "json".into();
    let answer = shop.call("query", query).await.unwrap();
    let text = "[{\"id\":1,\"name\":\"=lamp\",\"price\":149.5},{\"id\":2,\"name\":\"a \\\"b\\\", c\",\"price\":null}]";
    assert_eq!(answer["text"], text);
}

#[tokio::test]
async fn data_is_changed_only_under_a_grant_to_write() {
    let reader = Shop::new(|grant| grant);
    let delete = json!({"connection": "shop", "statement": "DELETE FROM items"});
    let insert = json!({"connection": "shop", "table": "items", "format": "csv", "text": "name,price\nlamp,2\n"});
    denial(reader.call("execute", delete.clone()).await);
    denial(reader.call("query", json!({"connection": "shop", "statement": "DELETE FROM items RETURNING id"})).await);
    denial(reader.call("insert", insert.clone()).await);
    denial(reader.call("schema", json!({"connection": "other"})).await);
    let writer = Shop::new(Grant::writable);
    assert_eq!(writer.call("insert", insert).await.unwrap(), 1);
    let query =
        json!({"connection": "shop", "statement": "SELECT name, price FROM items WHERE id = 3", "format": "json"});
    assert_eq!(writer.call("query", query).await.unwrap()["text"], "[{\"name\":\"lamp\",\"price\":2.0}]");
    let evil = json!({"connection": "shop", "table": "items\" SELECT 1; --", "format": "csv", "text": "name\nx\n"});
    let fault = writer.call("insert", evil).await.unwrap_err();
    assert!(fault.message.contains("no such table"), "{fault}");
    assert_eq!(writer.call("execute", delete).await.unwrap(), 3);
}

#[tokio::test]
async fn data_in_one_format_becomes_the_other_rows_and_a_chart() {
    let shop = Shop::new(Grant::writable);
    let sold = "[{\"region\": \"N\", \"amount\": 3}, {\"region\": \"S, E\", \"amount\": 5}]";
    let csv = "region,amount\nN,3\n\"S, E\",5\n";
    let convert = |text: &str, from: &str, to: &str| json!({"text": text, "from_format": from, "to_format": to});
    assert_eq!(shop.call("convert", convert(sold, "json", "csv")).await.unwrap(), csv);
    let back = shop.call("convert", convert(csv, "csv", "json")).await.unwrap();
    assert_eq!(back, "[{\"region\":\"N\",\"amount\":3},{\"region\":\"S, E\",\"amount\":5}]");
    for (text, format) in [(sold, "json"), (csv, "csv")] {
        let chart = json!({"kind": "bar", "text": text, "format": format, "title": "Sold"});
        let svg = shop.call("chart", chart).await.unwrap();
        let svg = svg.as_str().unwrap();
        assert!(svg.starts_with("<svg ") && svg.contains(">S, E<") && svg.contains(">Sold<"), "{svg}");
    }
    let lamps = "[{\"price\": 2.5, \"name\": \"lamp\"}, {\"name\": \"rug\"}]";
    let insert = json!({"connection": "shop", "table": "items", "format": "json", "text": lamps});
    assert_eq!(shop.call("insert", insert).await.unwrap(), 2);
    let query = json!({"connection": "shop", "statement": "SELECT name, price FROM items WHERE id > 2"});
    assert_eq!(shop.call("query", query).await.unwrap()["text"], "name,price\nlamp,2.5\nrug,\n");
}

#[tokio::test]
async fn data_that_is_no_data_is_refused() {
    let tool = tool(DATA.clone(), &[]);
    let numbers = |value: &str, rows: usize| format!("x,y\n{}", format!("1,{value}\n").repeat(rows));
    for (function, arguments, why) in [
        ("convert", json!({"text": "a\n\"b", "from_format": "csv", "to_format": "json"}), "do not close"),
        ("convert", json!({"text": "[".repeat(100_000), "from_format": "json", "to_format": "csv"}), "deeper than"),
        ("chart", json!({"kind": "line", "text": numbers("nan", 1)}), "is not a number"),
        ("chart", json!({"kind": "line", "text": numbers("inf", 1)}), "is not a number"),
        ("chart", json!({"kind": "line", "text": numbers("1", 20_000)}), "\"20000\" values"),
    ] {
        let fault = call(&tool, function, arguments, Limits::default()).await.result.unwrap_err();
        assert!(fault.message.contains(why), "{why}: {fault}");
    }
    let most = json!({"kind": "scatter", "text": numbers("1e308", 5_000), "title": "</text><script>"});
    let mut limits = Limits::default();
    limits.fuel *= 4;
    let svg = call(&tool, "chart", most, limits).await.result.unwrap();
    let svg = svg.as_str().unwrap();
    assert!(svg.contains("&lt;/text&gt;&lt;script&gt;") && !svg.contains("<script"), "{}", &svg[..500]);
}
