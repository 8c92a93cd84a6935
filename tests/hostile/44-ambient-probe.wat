;; Looks for what lies around: variables, arguments, a working directory, directories, and the clock's grain.
;; call: variables
;; expect: ok 0
;; call: arguments
;; expect: ok 0
;; call: directory
;; expect: ok 0
;; The one directory is a placeholder: what is asked of it is denied, and so the denial can name the file.
;; call: directories
;; expect: ok 1
;; call: grain
;; expect: ok 1000000
(component
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "resolution" (func (result u64)))))
  (import "wasi:filesystem/types@0.2.0" (instance $types (export "descriptor" (type (sub resource)))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $descriptor'))
    (export "descriptor" (type $descriptor (eq $descriptor')))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (core module $memory
    (memory (export "memory") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (core func $variables (canon lower (func $environment "get-environment")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $arguments (canon lower (func $environment "get-arguments")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $directory (canon lower (func $environment "initial-cwd")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $directories (canon lower (func $preopens "get-directories")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $grain (canon lower (func $clock "resolution")))
  (core module $m
    (import "host" "variables" (func $variables (param i32)))
    (import "host" "arguments" (func $arguments (param i32)))
    (import "host" "directory" (func $directory (param i32)))
    (import "host" "directories" (func $directories (param i32)))
    (import "host" "grain" (func $grain (result i64)))
    (import "memory" "memory" (memory 1))
    (func (export "variables") (result i32) (call $variables (i32.const 0)) (i32.load (i32.const 4)))
    (func (export "arguments") (result i32) (call $arguments (i32.const 0)) (i32.load (i32.const 4)))
    (func (export "directory") (result i32) (call $directory (i32.const 0)) (i32.load8_u (i32.const 0)))
    (func (export "directories") (result i32) (call $directories (i32.const 0)) (i32.load (i32.const 4)))
    (func (export "grain") (result i64) (call $grain)))
  (core instance $i (instantiate $m
    (with "host" (instance
      (export "variables" (func $variables)) (export "arguments" (func $arguments))
      (export "directory" (func $directory)) (export "directories" (func $directories))
      (export "grain" (func $grain))))
    (with "memory" (instance $memory))))
  (func (export "variables") (result u32) (canon lift (core func $i "variables")))
  (func (export "arguments") (result u32) (canon lift (core func $i "arguments")))
  (func (export "directory") (result u32) (canon lift (core func $i "directory")))
  (func (export "directories") (result u32) (canon lift (core func $i "directories")))
  (func (export "grain") (result u64) (canon lift (core func $i "grain"))))
