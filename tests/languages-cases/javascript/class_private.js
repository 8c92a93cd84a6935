class Box {
  #secret = 7;
  static has(o) { return #secret in o; }
}
return [Box.has(new Box()), Box.has({})];
