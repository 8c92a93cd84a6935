;; Would have the host call it back. No interface of the host calls a guest, and none is offered that would.
;; load: denied
(component
  (import "stockade:host/tools@0.1.0" (instance $tools
    (export "call" (func (param "tool" string) (param "arguments" string) (result string))))))
