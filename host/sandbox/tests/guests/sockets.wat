;; Asks for what wasi:sockets has: a socket of either kind, and the addresses of a name.
(component
  (import "wasi:sockets/network@0.2.0" (instance $network
    (export "network" (type (sub resource)))
    (type $error' (enum
      "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout" "concurrency-conflict"
      "not-in-progress" "would-block" "invalid-state" "new-socket-limit" "address-not-bindable" "address-in-use"
      "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted" "datagram-too-large"
      "name-unresolvable" "temporary-resolver-failure" "permanent-resolver-failure"))
    (export "error-code" (type (eq $error')))
    (type $family' (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family')))))
  (alias export $network "network" (type $network-type))
  (alias export $network "error-code" (type $error))
  (alias export $network "ip-address-family" (type $family))
  (import "wasi:sockets/instance-network@0.2.0" (instance $instance-network
    (alias outer 1 $network-type (type $n'))
    (export "network" (type $n (eq $n')))
    (export "instance-network" (func (result (own $n))))))
  (import "wasi:sockets/tcp@0.2.0" (instance $tcp (export "tcp-socket" (type (sub resource)))))
  (import "wasi:sockets/udp@0.2.0" (instance $udp (export "udp-socket" (type (sub resource)))))
  (alias export $tcp "tcp-socket" (type $tcp-socket))
  (alias export $udp "udp-socket" (type $udp-socket))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $tcp-create
    (alias outer 1 $error (type $e')) (export "error-code" (type $e (eq $e')))
    (alias outer 1 $family (type $f')) (export "ip-address-family" (type $f (eq $f')))
    (alias outer 1 $tcp-socket (type $s')) (export "tcp-socket" (type $s (eq $s')))
    (export "create-tcp-socket" (func (param "address-family" $f) (result (result (own $s) (error $e)))))))
  (import "wasi:sockets/udp-create-socket@0.2.0" (instance $udp-create
    (alias outer 1 $error (type $e')) (export "error-code" (type $e (eq $e')))
    (alias outer 1 $family (type $f')) (export "ip-address-family" (type $f (eq $f')))
    (alias outer 1 $udp-socket (type $s')) (export "udp-socket" (type $s (eq $s')))
    (export "create-udp-socket" (func (param "address-family" $f) (result (result (own $s) (error $e)))))))
  (import "wasi:sockets/ip-name-lookup@0.2.0" (instance $lookup
    (alias outer 1 $error (type $e')) (export "error-code" (type $e (eq $e')))
    (alias outer 1 $network-type (type $n')) (export "network" (type $n (eq $n')))
    (export "resolve-address-stream" (type $stream (sub resource)))
    (export "resolve-addresses" (func
      (param "network" (borrow $n)) (param "name" string) (result (result (own $stream) (error $e)))))))

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 64) "127.0.0.1"))
  (core instance $memory (instantiate $memory))
  (core func $tcp (canon lower (func $tcp-create "create-tcp-socket") (memory (core memory $memory "memory"))))
  (core func $udp (canon lower (func $udp-create "create-udp-socket") (memory (core memory $memory "memory"))))
  (core func $network (canon lower (func $instance-network "instance-network")))
  (core func $resolve (canon lower (func $lookup "resolve-addresses") (memory (core memory $memory "memory"))))

  (core module $m
    (import "host" "tcp" (func $tcp (param i32 i32)))
    (import "host" "udp" (func $udp (param i32 i32)))
    (import "host" "network" (func $network (result i32)))
    (import "host" "resolve" (func $resolve (param i32 i32 i32 i32)))
    (import "memory" "memory" (memory 1))
    ;; What the host answered is at 0, with its error at 4; the guest's own answer is at 16, with its error at 17.
    (func $answer (result i32)
      (i32.store8 (i32.const 16) (i32.load8_u (i32.const 0)))
      (i32.store8 (i32.const 17) (i32.load8_u (i32.const 4)))
      (i32.const 16))
    (func (export "tcp") (result i32)
      (call $tcp (i32.const 0) (i32.const 0))
      (call $answer))
    (func (export "udp") (result i32)
      (call $udp (i32.const 1) (i32.const 0))
      (call $answer))
    (func (export "resolve") (result i32)
      (call $resolve (call $network) (i32.const 64) (i32.const 9) (i32.const 0))
      (call $answer)))
  (core instance $i (instantiate $m
    (with "host" (instance
      (export "tcp" (func $tcp)) (export "udp" (func $udp)) (export "network" (func $network))
      (export "resolve" (func $resolve))))
    (with "memory" (instance $memory))))

  (export $error2 "error-code" (type $error))
  (func (export "tcp") (result (result (error $error2))) (canon lift (core func $i "tcp") (memory (core memory $memory "memory"))))
  (func (export "udp") (result (result (error $error2))) (canon lift (core func $i "udp") (memory (core memory $memory "memory"))))
  (func (export "resolve") (result (result (error $error2))) (canon lift (core func $i "resolve") (memory (core memory $memory "memory")))))
