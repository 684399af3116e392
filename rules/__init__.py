"""The rules that ship with vmlint, installed as `vmlint_rules`: one rule a file, loaded like any plug-in."""
