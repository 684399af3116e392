"""What Terraform configuration comes to, as far as its files settle it.

    root = load_root("infra", files, variables={"region": "eu-west-1"})
    for instance in root.resources():
        instance.address, instance.body

`modules` reads module folders and their calls, `expressions` evaluates, `functions` holds the built-in functions,
`conversions` the types. Every value is a `vmlint.model.value.Value`: its span is where it is used, its `via` are
the definitions through which it came, nearest first. What the files do not settle is `Unresolved` with the name
that would settle it.
"""
