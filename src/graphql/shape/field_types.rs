//! What types the fields of a schema have.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{Type, TypeKind, TypeSystemDefinition};

/// The types of all fields, by the name of the type they are on and their own.
#[derive(Debug, Default)]
pub struct FieldTypes(HashMap<Name, HashMap<Name, Type>>);

impl FieldTypes {
    /// The types of the fields of the schema that `sdl` describes.
    #[must_use]
    pub fn of_schema(sdl: &str) -> Self {
        let definitions = parse_schema(sdl).map(|schema| schema.definitions);
        let types = definitions.into_iter().flatten().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else {
                return None;
            };
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => return None,
            };
            let fields = fields.into_iter().map(|field| field.node);
            let types = fields.map(|field| (field.name.node, field.ty.node));
            Some((definition.node.name.node, types.collect()))
        });
        Self(types.collect())
    }

    /// The type of a field; none for what belongs to every schema.
    #[must_use]
    pub fn get(&self, parent: &str, field: &str) -> Option<&Type> {
        self.0.get(parent)?.get(field)
    }
}
