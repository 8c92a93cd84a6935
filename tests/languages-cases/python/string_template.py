from string import Template, ascii_lowercase, punctuation
result = [Template("Dear $name, $$5").substitute(name="Ada"), ascii_lowercase[:3], "!" in punctuation]
