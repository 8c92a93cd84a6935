;; Hands any statement to the database, and its answer back.
(component
  (import "stockade:host/sql@0.1.0" (instance $sql
    (type $value' (variant (case "null") (case "integer" s64) (case "real" f64) (case "text" string) (case "blob" (list u8))))
    (export "value" (type $value (eq $value')))
    (type $rows' (record (field "columns" (list string)) (field "rows" (list (list $value)))))
    (export "rows" (type $rows (eq $rows')))
    (type $error' (variant
      (case "denied" string) (case "invalid" string) (case "constraint" string) (case "limit" string)
      (case "failed" string)))
    (export "error" (type $error (eq $error')))
    (export "query" (func
      (param "connection" string) (param "statement" string) (param "parameters" (list $value))
      (result (result $rows (error $error)))))
    (export "execute" (func
      (param "connection" string) (param "statement" string) (param "parameters" (list $value))
      (result (result u64 (error $error)))))))
  (import "stockade:host/effect@0.1.0" (instance $effect
    (export "idempotency-key" (func (result string)))))
  (alias export $sql "value" (type $value))
  (alias export $sql "rows" (type $rows))
  (alias export $sql "error" (type $error))

  (core module $memory
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (loop $again
        (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
          (then
            (drop (memory.grow (i32.const 1)))
            (br $again))))
      (local.get $at)))
  (core instance $memory (instantiate $memory))
  (core func $query (canon lower (func $sql "query") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $execute (canon lower (func $sql "execute") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $key (canon lower (func $effect "idempotency-key") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $m
    (import "host" "query" (func $query (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "execute" (func $execute (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "key" (func $key (param i32)))
    (import "memory" "memory" (memory 1))
    (func (export "query") (param i32 i32 i32 i32 i32 i32) (result i32)
      (call $query (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (i32.const 0))
      (i32.const 0))
    (func (export "execute") (param i32 i32 i32 i32 i32 i32) (result i32)
      (call $execute (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (i32.const 0))
      (i32.const 0))
    (func (export "key") (result i32)
      (call $key (i32.const 0))
      (i32.const 0))
    ;; A statement of so many bytes, in one call to the host.
    (func (export "shout") (param $bytes i32) (result i32)
      (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $bytes) (i32.const 16)))))
      (call $query
        (i32.const 512) (i32.const 4) (i32.const 512) (local.get $bytes) (i32.const 0) (i32.const 0) (i32.const 0))
      (i32.const 0)))
  (core instance $i (instantiate $m
    (with "host" (instance (export "query" (func $query)) (export "execute" (func $execute)) (export "key" (func $key))))
    (with "memory" (instance $memory))))

  (export $value2 "value" (type $value))
  (export $rows2 "rows" (type $rows))
  (export $error2 "error" (type $error))
  (func (export "query")
    (param "connection" string) (param "statement" string) (param "parameters" (list $value2))
    (result (result $rows2 (error $error2)))
    (canon lift (core func $i "query") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func (export "execute")
    (param "connection" string) (param "statement" string) (param "parameters" (list $value2))
    (result (result u64 (error $error2)))
    (canon lift (core func $i "execute") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func (export "key") (result string)
    (canon lift (core func $i "key") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func (export "shout") (param "bytes" u32) (result (result $rows2 (error $error2)))
    (canon lift (core func $i "shout") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")))))
