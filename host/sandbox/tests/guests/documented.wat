;; An enum in an interface, for comments that a manifest makes.
(component
  (core module $m (func (export "pick") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m))
  (type $color (enum "red" "dark-blue"))
  (func $pick (param "color" $color) (result $color) (canon lift (core func $i "pick")))
  (component $shim
    (type $color' (enum "red" "dark-blue"))
    (import "color" (type $color (eq $color')))
    (import "pick" (func $pick (param "color" $color) (result $color)))
    (export $exported "color" (type $color'))
    (export "pick" (func $pick) (func (param "color" $exported) (result $exported)))
  )
  (instance $colors (instantiate $shim (with "color" (type $color)) (with "pick" (func $pick))))
  (export "test:docs/colors" (instance $colors))
)
