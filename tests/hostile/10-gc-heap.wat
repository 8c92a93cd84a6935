;; Fills a garbage-collected heap, which this host does not have.
;; load: invalid component
(component
  (core module $m
    (type $node (struct (field (mut anyref))))
    (func (export "fill")
      (local $list anyref)
      (loop $again
        (local.set $list (struct.new $node (local.get $list)))
        (br $again))))
  (core instance $i (instantiate $m))
  (func (export "fill") (canon lift (core func $i "fill"))))
