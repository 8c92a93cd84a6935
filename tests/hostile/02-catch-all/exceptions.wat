;; Catches everything, its own stop included: a guest with exceptions is not even loaded.
;; load: invalid component
(component
  (core module $m
    (tag $tag)
    (func (export "spin")
      (loop $again
        (block $caught (try_table (catch_all $caught) (throw $tag)))
        (br $again))))
  (core instance $i (instantiate $m))
  (func (export "spin") (canon lift (core func $i "spin"))))
