//! The schema as callers see it: `schema.graphql` shows it, and it keeps `tests/contract.graphql`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Name, Positioned, Value};

#[test]
fn the_committed_schema_is_what_the_server_serves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let served = orlo::graphql::sdl();
    if std::env::var_os("ORLO_UPDATE_SCHEMA").is_some() {
        fs::write(&path, &served).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = served.lines().zip(committed.lines()).zip(1..);
    let difference = lines.find(|((served, committed), _)| served != committed);
    assert!(
        served == committed,
        "schema.graphql is not what the server serves; `make schema` rewrites it.\n{}",
        match difference {
            Some(((served, committed), line)) =>
                format!("line {line}\n  committed: {committed}\n  served:    {served}"),
            None => "one is the beginning of the other".to_owned(),
        }
    );
}

#[test]
fn the_schema_keeps_the_contract() {
    let promised = facts(include_str!("../contract.graphql"));
    let served = facts(&orlo::graphql::sdl());
    let breaches = breaches(&promised, &served);
    assert!(
        breaches.is_empty(),
        "the schema breaks tests/contract.graphql: {breaches:#?}"
    );
}

#[test]
fn what_breaks_a_contract_is_found() {
    let promised = "
        enum Color { RED GREEN }
        interface Named { name: String! }
        type Car implements Named { name: String! doors(open: Boolean = true): Int! }
        type Wheel { inches: Int }
        input Search @oneOf { name: String color: Color }
        union Thing = Car | Wheel";
    let served = "
        enum Color { RED BLUE }
        interface Named { name: String! }
        type Car { name: String doors(open: Boolean = false, locked: Boolean!, lit: Boolean! = true): Int! }
        input Search { name: String color: Color year: Int! }
        union Thing = Car";
    let breaches = breaches(&facts(promised), &facts(served));
    let expected = [
        "Color.GREEN is missing",
        "Car implements Named is missing",
        "Car.name is String, not String!",
        "Car.doors(open:) is by default false, not true",
        "Wheel is missing",
        "Search @oneOf is missing",
        "Thing = Wheel is missing",
        "Car.doors(locked:) must be given",
        "Search.year must be given",
    ];
    assert_eq!(breaches, expected);
}

/// What a schema says about one place in it, e.g. `Release`, `Release implements Node`,
/// `Release.user` or `Release.events(first:)`.
#[derive(Clone)]
struct Fact {
    place: String,
    /// The place around it.
    parent: String,
    /// The kind of a type, or the type of a field.
    says: String,
    default: Option<Value>,
    /// Whether those who use the place around it must give this one.
    is_required: bool,
}

/// Everything that callers may rely on in `promised` and that does not hold in `served`.
fn breaches(promised: &[Fact], served: &[Fact]) -> Vec<String> {
    let by_place = |facts: &[Fact]| -> HashMap<String, Fact> {
        let entry = |fact: &Fact| (fact.place.clone(), fact.clone());
        facts.iter().map(entry).collect()
    };
    let (promises, offers) = (by_place(promised), by_place(served));
    let broken = promised.iter().filter_map(|fact| breach(fact, &offers));
    let demands = served.iter().filter(|fact| {
        let is_new = !promises.contains_key(&fact.place) && promises.contains_key(&fact.parent);
        fact.is_required && is_new
    });
    let demanded = demands.map(|fact| format!("{} must be given", fact.place));
    broken.chain(demanded).collect()
}

fn breach(promise: &Fact, offers: &HashMap<String, Fact>) -> Option<String> {
    let place = &promise.place;
    let Some(offer) = offers.get(place) else {
        // Without the place around it, it goes without saying.
        let is_news = promise.parent.is_empty() || offers.contains_key(&promise.parent);
        return is_news.then(|| format!("{place} is missing"));
    };
    if offer.says != promise.says {
        return Some(format!("{place} is {}, not {}", offer.says, promise.says));
    }
    let default = promise.default.as_ref()?;
    let offered = offer.default.as_ref();
    (offered != Some(default)).then(|| {
        let offered = offered.map_or("nothing".to_owned(), Value::to_string);
        format!("{place} is by default {offered}, not {default}")
    })
}

fn facts(sdl: &str) -> Vec<Fact> {
    let mut facts = Facts(Vec::new());
    for definition in parse_schema(sdl).unwrap().definitions {
        if let TypeSystemDefinition::Type(definition) = definition {
            facts.tell_type(&definition.node);
        }
    }
    facts.0
}

struct Facts(Vec<Fact>);

impl Facts {
    fn tell(&mut self, parent: &str, place: String, says: &str) {
        self.0.push(Fact {
            place,
            parent: parent.to_owned(),
            says: says.to_owned(),
            default: None,
            is_required: false,
        });
    }

    fn tell_type(&mut self, definition: &TypeDefinition) {
        let name = definition.name.node.as_str();
        match &definition.kind {
            TypeKind::Scalar => self.tell("", name.to_owned(), "a scalar"),
            TypeKind::Object(object) => {
                self.tell("", name.to_owned(), "an object type");
                self.tell_names(name, " implements ", &object.implements);
                self.tell_fields(name, &object.fields);
            }
            TypeKind::Interface(interface) => {
                self.tell("", name.to_owned(), "an interface");
                self.tell_names(name, " implements ", &interface.implements);
                self.tell_fields(name, &interface.fields);
            }
            TypeKind::Union(union) => {
                self.tell("", name.to_owned(), "a union");
                self.tell_names(name, " = ", &union.members);
            }
            TypeKind::Enum(values) => {
                self.tell("", name.to_owned(), "an enum");
                for value in &values.values {
                    let value = &value.node.value.node;
                    self.tell(name, format!("{name}.{value}"), "a value");
                }
            }
            TypeKind::InputObject(input) => {
                self.tell("", name.to_owned(), "an input type");
                self.tell_directives(name, &definition.directives);
                for field in &input.fields {
                    let place = format!("{name}.{}", field.node.name.node);
                    self.tell_input(name, place, &field.node);
                }
            }
        }
    }

    fn tell_names(&mut self, parent: &str, relation: &str, names: &[Positioned<Name>]) {
        for name in names {
            self.tell(parent, format!("{parent}{relation}{}", name.node), "so");
        }
    }

    fn tell_directives(&mut self, parent: &str, directives: &[Positioned<ConstDirective>]) {
        for directive in directives {
            let place = format!("{parent} @{}", directive.node.name.node);
            self.tell(parent, place, "so");
        }
    }

    fn tell_fields(&mut self, parent: &str, fields: &[Positioned<FieldDefinition>]) {
        for field in fields {
            let field = &field.node;
            let place = format!("{parent}.{}", field.name.node);
            self.tell(parent, place.clone(), &field.ty.node.to_string());
            for argument in &field.arguments {
                let name = format!("{place}({}:)", argument.node.name.node);
                self.tell_input(&place, name, &argument.node);
            }
        }
    }

    fn tell_input(&mut self, parent: &str, place: String, input: &InputValueDefinition) {
        let default = input.default_value.as_ref().map(|value| value.node.clone());
        self.0.push(Fact {
            place,
            parent: parent.to_owned(),
            says: input.ty.node.to_string(),
            is_required: !input.ty.node.nullable && default.is_none(),
            default,
        });
    }
}
