;; Hands on what the configuration says.
(component
  (import "wasi:config/store@0.2.0-rc.1" (instance $config
    (type $error' (variant (case "upstream" string) (case "io" string)))
    (export "error" (type $error (eq $error')))
    (export "get" (func (param "key" string) (result (result (option string) (error $error)))))
    (export "get-all" (func (result (result (list (tuple string string)) (error $error)))))))
  (alias export $config "error" (type $error))

  (core module $memory
    (memory (export "memory") 4)
    (data (i32.const 256) "there is no such value")
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $top (i32.add (local.get $at) (local.get $size)))
      (local.get $at)))
  (core instance $memory (instantiate $memory))
  (core func $get (canon lower (func $config "get") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $all (canon lower (func $config "get-all") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $m
    (import "host" "get" (func $get (param i32 i32 i32)))
    (import "host" "all" (func $all (param i32)))
    (import "memory" "memory" (memory 4))
    (func (export "get") (param i32 i32) (result i32)
      (call $get (local.get 0) (local.get 1) (i32.const 0))
      (i32.const 0))
    (func (export "all") (result i32)
      (call $all (i32.const 0))
      (i32.const 0))
    ;; An error of its own where there is no value.
    (func (export "need") (param i32 i32) (result i32)
      (call $get (local.get 0) (local.get 1) (i32.const 0))
      (if (i32.load8_u (i32.const 4))
        (then
          (i64.store align=4 (i32.const 68) (i64.load align=4 (i32.const 8)))
          (return (i32.const 64))))
      (i32.store8 (i32.const 64) (i32.const 1))
      (i32.store (i32.const 68) (i32.const 256))
      (i32.store (i32.const 72) (i32.const 22))
      (i32.const 64)))
  (core instance $i (instantiate $m
    (with "host" (instance (export "get" (func $get)) (export "all" (func $all))))
    (with "memory" (instance $memory))))

  (export $error2 "error" (type $error))
  (func (export "get") (param "key" string) (result (result (option string) (error $error2)))
    (canon lift (core func $i "get") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func (export "all") (result (result (list (tuple string string)) (error $error2)))
    (canon lift (core func $i "all") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func (export "need") (param "key" string) (result (result string (error string)))
    (canon lift (core func $i "need") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")))))
