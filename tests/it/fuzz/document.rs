//! Documents made from the schema: most of them valid, some not quite.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::choices::Choices;
use super::schema::{Field, Input, Known, Schema, Type, TypeRef};
use super::values::{self, Given};

/// Selections within selections that are made at most, and objects within objects.
const MAX_DEPTH: usize = 6;

/// A document with its variables.
#[derive(Clone, Debug)]
pub struct Operation {
    pub query: String,
    pub variables: Map<String, Value>,
}

/// Makes an operation out of `choices`.
pub fn operation(schema: &Schema, known: &Known, choices: &mut Choices) -> Operation {
    let kind = match choices.below(16) {
        0..10 => "query",
        10..15 => "mutation",
        _ => "subscription",
    };
    let mut maker = Maker {
        schema,
        known,
        choices,
        variables: Map::new(),
        declared: Vec::new(),
        fragments: Vec::new(),
    };
    let root = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
    let body = maker.selection(schema.get(&root), 0);
    let mut query = kind.to_owned();
    if maker.choices.once_in(3) {
        query += " Name";
    }
    if !maker.declared.is_empty() {
        write!(query, "({})", maker.declared.join(", ")).unwrap();
    }
    write!(query, " {body} {}", maker.fragments.join(" ")).unwrap();
    Operation {
        query,
        variables: maker.variables,
    }
}

struct Maker<'a> {
    schema: &'a Schema,
    known: &'a Known,
    choices: &'a mut Choices,
    variables: Map<String, Value>,
    declared: Vec<String>,
    fragments: Vec<String>,
}

impl<'a> Maker<'a> {
    fn selection(&mut self, ty: &'a Type, depth: usize) -> String {
        let mut text = String::from("{ ");
        for _ in 0..=self.choices.below(4) {
            let part = match self.choices.below(24) {
                22 => self.inline(ty, depth),
                23 if self.fragments.len() < 5 => self.spread(ty, depth),
                _ => self.field(ty, depth),
            };
            text += &part;
            text.push(' ');
        }
        text + "}"
    }

    fn inline(&mut self, ty: &'a Type, depth: usize) -> String {
        let on = self.narrowed(ty);
        let directive = self.directive();
        let inner = self.selection(on, depth + 1);
        format!("... on {}{directive} {inner}", on.name)
    }

    fn spread(&mut self, ty: &'a Type, depth: usize) -> String {
        let on = self.narrowed(ty);
        let name = format!("f{}", self.fragments.len());
        // Its place is taken before others are made inside it.
        let index = self.fragments.len();
        self.fragments.push(String::new());
        let inner = self.selection(on, depth + 1);
        self.fragments[index] = format!("fragment {name} on {} {inner}", on.name);
        format!("...{name}{}", self.directive())
    }

    /// The type itself, or one that it can be.
    fn narrowed(&mut self, ty: &'a Type) -> &'a Type {
        if ty.possible_types.is_empty() || self.choices.once_in(2) {
            return ty;
        }
        self.schema.get(&self.choices.pick(&ty.possible_types).name)
    }

    fn field(&mut self, ty: &'a Type, depth: usize) -> String {
        let is_leaf = |field: &&Field| !self.schema.get(field.ty.inner()).is_composite();
        let goes_deeper = depth < MAX_DEPTH;
        let fields = ty
            .fields
            .iter()
            .filter(|field| goes_deeper || is_leaf(field));
        let fields: Vec<&Field> = fields.collect();
        if fields.is_empty() || self.choices.once_in(40) {
            return "__typename".to_owned();
        }
        if self.choices.once_in(60) {
            return "nothing".to_owned();
        }
        let field = *self.choices.pick(&fields);
        let mut text = String::new();
        if self.choices.once_in(6) {
            write!(text, "a{}: ", self.choices.below(4)).unwrap();
        }
        text += &field.name;
        text += &self.arguments(field);
        text += &self.directive();
        let inner = self.schema.get(field.ty.inner());
        if inner.is_composite() != self.choices.once_in(80) {
            text.push(' ');
            text += &self.selection(if inner.is_composite() { inner } else { ty }, depth + 1);
        }
        text
    }

    fn arguments(&mut self, field: &'a Field) -> String {
        let mut arguments = Vec::new();
        for input in &field.args {
            let is_wanted = if input.ty.is_required() && input.default_value.is_none() {
                !self.choices.once_in(60)
            } else {
                self.choices.once_in(3)
            };
            if is_wanted {
                let value = self.value(input, &input.ty, 0);
                let value = self.hoisted(&input.ty, &value);
                arguments.push(format!("{}: {value}", input.name));
            }
        }
        if self.choices.once_in(80) {
            arguments.push("nothing: 1".to_owned());
        }
        if arguments.is_empty() {
            return String::new();
        }
        format!("({})", arguments.join(", "))
    }

    /// A value as a document has it, or a variable that has it.
    fn hoisted(&mut self, ty: &TypeRef, value: &Given) -> String {
        if !self.choices.once_in(2) {
            return value.literal();
        }
        let name = format!("v{}", self.declared.len());
        let mut declared = format!("${name}: {}", ty.text());
        if self.choices.once_in(10) {
            write!(declared, " = {}", value.literal()).unwrap();
        }
        self.declared.push(declared);
        // Sometimes it is left out.
        if !self.choices.once_in(20) {
            self.variables.insert(name.clone(), value.json());
        }
        format!("${name}")
    }

    fn directive(&mut self) -> String {
        match self.choices.below(40) {
            36 => " @include(if: true)".to_owned(),
            37 => " @skip(if: true)".to_owned(),
            38 => " @skip(if: null)".to_owned(),
            39 => " @nothing".to_owned(),
            _ => String::new(),
        }
    }

    /// A value for `input`, of the type `ty` or a part of it.
    fn value(&mut self, input: &Input, ty: &TypeRef, depth: usize) -> Given {
        if self.choices.once_in(60) {
            return values::odd(self.choices);
        }
        match (ty.kind.as_str(), &ty.of_type) {
            ("NON_NULL", Some(inner)) => self.value(input, inner, depth),
            _ if self.choices.once_in(25) => Given::Json(Value::Null),
            ("LIST", Some(inner)) => {
                if self.choices.once_in(8) {
                    return self.value(input, inner, depth);
                }
                let count = self.choices.below(4);
                let items = (0..count).map(|_| self.value(input, inner, depth));
                Given::List(items.collect())
            }
            _ => self.named(input, self.schema.get(ty.inner()), depth),
        }
    }

    fn named(&mut self, input: &Input, ty: &'a Type, depth: usize) -> Given {
        match ty.kind.as_str() {
            "ENUM" => Given::Word(self.choices.pick(&ty.enum_values).name.clone()),
            "INPUT_OBJECT" => self.object(ty, depth),
            _ => values::scalar(&ty.name, &input.name, self.known, self.choices),
        }
    }

    fn object(&mut self, ty: &'a Type, depth: usize) -> Given {
        let mut fields = Vec::new();
        for input in &ty.input_fields {
            let is_wanted = if input.ty.is_required() && input.default_value.is_none() {
                !self.choices.once_in(40)
            } else {
                depth < MAX_DEPTH && self.choices.once_in(4 + depth)
            };
            if is_wanted {
                fields.push((input.name.clone(), self.value(input, &input.ty, depth + 1)));
            }
        }
        if self.choices.once_in(60) {
            fields.push(("nothing".to_owned(), Given::Json(json!(1))));
        }
        Given::Object(fields)
    }
}
