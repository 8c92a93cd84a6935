//! The built-in tool "data" on PostgreSQL: what it may see of the tables, rows in, and rows out.

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::Grant;

use super::{ENGINE, Shop};
use crate::common::{built, call};

async fn ask(tool: &Tool, function: &str, arguments: Value) -> Value {
    call(tool, function, arguments, Limits::default()).await.result.unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn data_goes_into_a_table_and_out_of_it_in_either_format() {
    let shop = Shop::writer().await;
    let grant = Grant::sql("shop", &shop.url).password("shop").writable();
    let tool = Tool::new(&ENGINE, "data", ENGINE.load(&built("data")).unwrap(), &[grant]).unwrap();
    let items = "id integer NOT NULL, name text, price double precision, photo bytea";
    let schema = json!([
        {"name": "public.items", "definition": items},
        {"name": "public.lines", "definition": "item integer NOT NULL"},
    ]);
    assert_eq!(ask(&tool, "schema", json!({"connection": "shop"})).await, schema, "the role may not read the secrets");

    let insert = |table: &str, format: &str, text: &str| -> Value {
        json!({"connection": "shop", "table": table, "format": format, "text": text})
    };
    let objects = "[{\"id\": 3, \"name\": \"rug\", \"price\": 2.5}]";
    assert_eq!(ask(&tool, "insert", insert("public.items", "json", objects)).await, 1);
    let lines = "id,name,price\n4,\"a, b\",1.5\n5,,\n";
    assert_eq!(ask(&tool, "insert", insert("items", "csv", lines)).await, 2);
    let mut query = json!({
        "connection": "shop", "statement": "SELECT id, name, price FROM items WHERE id > $1 ORDER BY id", "parameters": "[2]",
    });
    let found = ask(&tool, "query", query.clone()).await;
    assert_eq!(found, json!({"rows": 3, "text": "id,name,price\n3,rug,2.5\n4,\"a, b\",1.5\n5,,\n"}));
    query["format"] = "json".into();
    query["parameters"] = "[4]".into();
    let found = ask(&tool, "query", query).await;
    assert_eq!(found, json!({"rows": 1, "text": "[{\"id\":5,\"name\":null,\"price\":null}]"}));
}
