//! What types the fields of a schema and their arguments have.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};

/// What every schema has beside its own types.
const INTROSPECTION: &str = "
extend type Query { __schema: __Schema! __type(name: String!): __Type }
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type
  subscriptionType: __Type directives: [__Directive!]!
}
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String isOneOf: Boolean
  fields(includeDeprecated: Boolean): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean): [__EnumValue!]
  inputFields(includeDeprecated: Boolean): [__InputValue!] ofType: __Type
}
type __Field {
  name: String! description: String args(includeDeprecated: Boolean): [__InputValue!]!
  type: __Type! isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean!
  deprecationReason: String
}
type __EnumValue {
  name: String! description: String isDeprecated: Boolean! deprecationReason: String
}
type __Directive {
  name: String! description: String locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean): [__InputValue!]! isRepeatable: Boolean!
}";

/// What a document may name without the schema saying so.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// The types of all fields, those of inputs among them, by the name of the type they are on and their
/// own.
#[derive(Debug, Default)]
pub struct FieldTypes {
    fields: HashMap<Name, HashMap<Name, FieldType>>,
    /// The names of all types.
    names: HashSet<Name>,
    /// The names of those that are interfaces.
    interfaces: HashSet<Name>,
}

/// What a field gives and takes.
#[derive(Debug)]
struct FieldType {
    ty: Type,
    arguments: HashMap<Name, Type>,
}

impl FieldTypes {
    /// The types of the fields of the schema that `sdl` describes.
    #[must_use]
    pub fn of_schema(sdl: &str) -> Self {
        let schemas = [sdl, INTROSPECTION].into_iter().flat_map(parse_schema);
        let mut fields: HashMap<Name, HashMap<Name, FieldType>> = HashMap::new();
        let mut names: HashSet<_> = BUILT_IN.into_iter().map(Name::new).collect();
        let mut interfaces = HashSet::new();
        for definition in schemas.flat_map(|schema| schema.definitions) {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let name = definition.node.name.node;
            names.insert(name.clone());
            let own = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => {
                    interfaces.insert(name.clone());
                    interface.fields
                }
                TypeKind::InputObject(input) => {
                    fields.insert(
                        name,
                        types_of(input.fields, |ty| FieldType {
                            ty,
                            arguments: HashMap::new(),
                        }),
                    );
                    continue;
                }
                _ => continue,
            };
            let own = own.into_iter().map(|field| field.node);
            let known = fields.entry(name).or_default();
            known.extend(own.map(|field| {
                let (ty, arguments) = (field.ty.node, types_of(field.arguments, |ty| ty));
                (field.name.node, FieldType { ty, arguments })
            }));
        }
        Self {
            fields,
            names,
            interfaces,
        }
    }

    /// The type of a field; none for `__typename`, and for fields that do not exist.
    #[must_use]
    pub fn get(&self, parent: &str, field: &str) -> Option<&Type> {
        Some(&self.fields.get(parent)?.get(field)?.ty)
    }

    /// The type of an argument of a field; none if there is no such argument.
    #[must_use]
    pub fn argument(&self, parent: &str, field: &str, argument: &str) -> Option<&Type> {
        let field = self.fields.get(parent)?.get(field)?;
        field.arguments.get(argument)
    }

    /// Whether a type of this name is an interface.
    #[must_use]
    pub fn is_interface(&self, name: &str) -> bool {
        self.interfaces.contains(name)
    }

    /// Whether there is a type of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// What `wrap` makes of the type of each of `inputs`, by its name.
fn types_of<T>(
    inputs: Vec<Positioned<InputValueDefinition>>,
    wrap: impl Fn(Type) -> T,
) -> HashMap<Name, T> {
    let inputs = inputs.into_iter().map(|input| input.node);
    let types = inputs.map(|input| (input.name.node, wrap(input.ty.node)));
    types.collect()
}

/// The name of the type inside the lists of `ty`.
#[must_use]
pub fn name_of(ty: &Type) -> &str {
    let mut base = &ty.base;
    loop {
        match base {
            BaseType::Named(name) => return name.as_str(),
            BaseType::List(inner) => base = &inner.base,
        }
    }
}
