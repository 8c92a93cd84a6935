;; An enum in an interface, for comments that a manifest makes.
(component
  (core module $m (func (export "pick") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m))
  (type $color' (enum "red" "dark-blue"))
  (component $shim
    (type $color' (enum "red" "dark-blue"))
    (import "pick" (func $pick (param "color" $color') (result $color')))
    (export $color "color" (type $color'))
    (export "pick" (func $pick) (func (param "color" $color) (result $color)))
  )
  (func $pick (param "color" $color') (result $color') (canon lift (core func $i "pick")))
  (instance $colors' (instantiate $shim (with "pick" (func $pick))))
  (export "test:docs/colors" (instance $colors'))
)
