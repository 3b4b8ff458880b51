//! Reading documents. The parser of async-graphql takes a microsecond for every few bytes, which
//! makes it dear to refuse what is long; so another one reads, and the executor gets the tree that it
//! would have made itself.

mod position;
mod value;

use std::collections::hash_map::{Entry, HashMap};

use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition,
    FragmentSpread, InlineFragment, OperationDefinition, OperationType, Selection, SelectionSet,
    Type, TypeCondition, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned, ServerError};
use async_graphql_value::Value;
use bluejay_core::executable::{
    self as core, ExplicitOperationDefinition as _, OperationDefinition as _,
    OperationDefinitionReference,
};
use bluejay_core::{AsIter, Directive as CoreDirective};
use bluejay_parser::ast::{self, Parse, ParseOptions, executable as parsed};
use bluejay_parser::{Error, HasSpan};

use self::position::Positions;

/// What documents need that are within the limits: two for each selection set. What is refused for
/// its text does not come here; if it did, this is about half of what exhausts the stack in a release
/// build.
const MAX_DEPTH: usize = 130;

/// Reads `document`. Positions count lines and characters from 1.
///
/// # Errors
/// With what is wrong, and where: with the first token that is none, if there is one.
pub fn parse(document: &str) -> Parsed<ExecutableDocument> {
    let options = ParseOptions {
        max_depth: MAX_DEPTH,
        ..ParseOptions::default()
    };
    let parsed = parsed::ExecutableDocument::parse_with_options(document, options);
    let parsed = parsed.result.map_err(|errors| mistake(document, errors))?;
    let positions = Positions::new(document);
    let mut tree = Tree { positions };
    Ok(ExecutableDocument {
        operations: tree.operations(parsed.operation_definitions())?,
        fragments: tree.fragments(parsed.fragment_definitions())?,
    })
}

fn mistake(document: &str, errors: Vec<Error>) -> ServerError {
    let mut told = Error::into_graphql_errors(document, errors.into_iter().take(1)).into_iter();
    let Some(told) = told.next() else {
        return ServerError::new("Syntax error", None);
    };
    let place = told.locations.first().map(|location| Pos {
        line: location.line,
        column: location.col,
    });
    ServerError::new(format!("Syntax error: {}", told.message), place)
}

/// What makes a tree of the executor's out of a parsed one. It goes through the document in its
/// order, as [`Positions`] need it.
struct Tree<'a> {
    positions: Positions<'a>,
}

type Parsed<T> = Result<T, ServerError>;
type Arguments = Vec<(Positioned<Name>, Positioned<Value>)>;

impl Tree<'_> {
    fn at(&mut self, part: &impl HasSpan) -> Pos {
        self.positions.at(part.span().byte_range().start)
    }

    fn placed<T>(&mut self, part: &impl HasSpan, node: T) -> Positioned<T> {
        Positioned::new(node, self.at(part))
    }

    fn name<N: HasSpan + AsRef<str>>(&mut self, name: &N) -> Positioned<Name> {
        self.placed(name, Name::new(name))
    }

    fn operations(
        &mut self,
        definitions: &[parsed::OperationDefinition<'_>],
    ) -> Parsed<DocumentOperations> {
        let mut named = HashMap::new();
        for definition in definitions {
            let place = self.at(definition);
            let operation = Positioned::new(self.operation(definition)?, place);
            match name_of(definition) {
                Some(name) => insert(&mut named, name, operation, "operation")?,
                None if definitions.len() == 1 => return Ok(DocumentOperations::Single(operation)),
                None => {
                    let message = "an operation without a name must be the only one";
                    return Err(ServerError::new(message, Some(place)));
                }
            }
        }
        if named.is_empty() {
            return Err(ServerError::new("the document has no operation", None));
        }
        Ok(DocumentOperations::Multiple(named))
    }

    fn operation(
        &mut self,
        definition: &parsed::OperationDefinition<'_>,
    ) -> Parsed<OperationDefinition> {
        let (ty, variable_definitions, directives) = match definition.as_ref() {
            OperationDefinitionReference::Explicit(explicit) => (
                operation_type(explicit.operation_type().into()),
                self.variables(explicit.variable_definitions())?,
                self.directives(explicit.directives())?,
            ),
            OperationDefinitionReference::Implicit(_) => {
                (OperationType::Query, Vec::new(), Vec::new())
            }
        };
        Ok(OperationDefinition {
            ty,
            variable_definitions,
            directives,
            selection_set: self.selection_set(definition.selection_set())?,
        })
    }

    fn fragments(
        &mut self,
        definitions: &[parsed::FragmentDefinition<'_>],
    ) -> Parsed<HashMap<Name, Positioned<FragmentDefinition>>> {
        let mut named = HashMap::with_capacity(definitions.len());
        for definition in definitions {
            let place = self.at(definition);
            let fragment = FragmentDefinition {
                type_condition: self.condition(definition.type_condition()),
                directives: self.directives(core::FragmentDefinition::directives(definition))?,
                selection_set: self.selection_set(definition.selection_set())?,
            };
            let fragment = Positioned::new(fragment, place);
            insert(
                &mut named,
                Name::new(definition.name()),
                fragment,
                "fragment",
            )?;
        }
        Ok(named)
    }

    fn variables(
        &mut self,
        definitions: Option<&parsed::VariableDefinitions<'_>>,
    ) -> Parsed<Vec<Positioned<VariableDefinition>>> {
        let definitions = each(definitions);
        definitions
            .map(|definition| self.variable(definition))
            .collect()
    }

    fn variable(
        &mut self,
        definition: &parsed::VariableDefinition<'_>,
    ) -> Parsed<Positioned<VariableDefinition>> {
        let variable = definition.variable();
        let place = self.at(variable);
        // Behind the dollar sign.
        let of_name = Pos {
            column: place.column + 1,
            ..place
        };
        let node = VariableDefinition {
            name: Positioned::new(Name::new(variable), of_name),
            var_type: self.placed(definition.r#type(), type_of(definition.r#type())),
            default_value: match definition.default_value() {
                Some(default) => {
                    let default = self.value(default)?;
                    let place = default.pos;
                    default
                        .node
                        .into_const()
                        .map(|node| Positioned::new(node, place))
                }
                None => None,
            },
            directives: self.directives(core::VariableDefinition::directives(definition))?,
        };
        Ok(Positioned::new(node, place))
    }

    fn selection_set(
        &mut self,
        set: &parsed::SelectionSet<'_>,
    ) -> Parsed<Positioned<SelectionSet>> {
        let place = self.at(set);
        let items = set.iter().map(|selection| self.selection(selection));
        let items = items.collect::<Parsed<_>>()?;
        Ok(Positioned::new(SelectionSet { items }, place))
    }

    fn selection(&mut self, selection: &parsed::Selection<'_>) -> Parsed<Positioned<Selection>> {
        let (place, node) = match selection {
            parsed::Selection::Field(field) => {
                let place = self.at(field);
                let field = Positioned::new(self.field(field)?, place);
                (place, Selection::Field(field))
            }
            parsed::Selection::FragmentSpread(spread) => {
                let place = self.at(spread);
                let spread = FragmentSpread {
                    fragment_name: self.name(spread.name()),
                    directives: self.directives(core::FragmentSpread::directives(spread))?,
                };
                (
                    place,
                    Selection::FragmentSpread(Positioned::new(spread, place)),
                )
            }
            parsed::Selection::InlineFragment(inline) => {
                let place = self.at(inline);
                let condition = inline.type_condition();
                let inline = InlineFragment {
                    type_condition: condition.map(|condition| self.condition(condition)),
                    directives: self.directives(core::InlineFragment::directives(inline))?,
                    selection_set: self.selection_set(inline.selection_set())?,
                };
                (
                    place,
                    Selection::InlineFragment(Positioned::new(inline, place)),
                )
            }
        };
        Ok(Positioned::new(node, place))
    }

    fn field(&mut self, field: &parsed::Field<'_>) -> Parsed<Field> {
        let alias = core::Field::alias(field).map(|alias| self.placed(field, Name::new(alias)));
        Ok(Field {
            alias,
            name: self.name(field.name()),
            arguments: self.arguments(field.arguments())?,
            directives: self.directives(core::Field::directives(field))?,
            selection_set: match field.selection_set() {
                Some(set) => self.selection_set(set)?,
                None => Positioned::default(),
            },
        })
    }

    fn condition(&mut self, condition: &parsed::TypeCondition<'_>) -> Positioned<TypeCondition> {
        let on = self.name(condition.named_type());
        let place = on.pos;
        Positioned::new(TypeCondition { on }, place)
    }

    fn directives<const CONST: bool>(
        &mut self,
        directives: Option<&ast::Directives<'_, CONST>>,
    ) -> Parsed<Vec<Positioned<Directive>>> {
        let placed = each(directives).map(|directive| {
            let place = self.at(directive);
            let directive = Directive {
                name: self.name(directive.name()),
                arguments: self.arguments(CoreDirective::arguments(directive))?,
            };
            Ok(Positioned::new(directive, place))
        });
        placed.collect()
    }

    fn arguments<const CONST: bool>(
        &mut self,
        arguments: Option<&ast::Arguments<'_, CONST>>,
    ) -> Parsed<Arguments> {
        let pairs = each(arguments).map(|argument| {
            let name = self.placed(argument, Name::new(argument.name()));
            Ok((name, self.value(argument.value())?))
        });
        pairs.collect()
    }

    fn value<const CONST: bool>(
        &mut self,
        value: &ast::Value<'_, CONST>,
    ) -> Parsed<Positioned<Value>> {
        let place = self.at(value);
        let value = value::value(value)
            .ok_or_else(|| ServerError::new("Syntax error: a number is too large", Some(place)))?;
        Ok(Positioned::new(value, place))
    }
}

/// What is in a list that may be absent.
fn each<L: AsIter>(list: Option<&L>) -> impl Iterator<Item = &L::Item> {
    list.into_iter().flat_map(AsIter::iter)
}

/// Names must differ.
fn insert<T>(
    named: &mut HashMap<Name, Positioned<T>>,
    name: Name,
    node: Positioned<T>,
    what: &str,
) -> Parsed<()> {
    match named.entry(name) {
        Entry::Occupied(entry) => {
            let message = format!("{what} {} is defined twice", entry.key());
            let mut error = ServerError::new(message, Some(node.pos));
            error.locations.push(entry.get().pos);
            Err(error)
        }
        Entry::Vacant(entry) => {
            entry.insert(node);
            Ok(())
        }
    }
}

fn name_of(definition: &parsed::OperationDefinition<'_>) -> Option<Name> {
    match definition {
        parsed::OperationDefinition::Explicit(explicit) => explicit.name().map(Name::new),
        parsed::OperationDefinition::Implicit(_) => None,
    }
}

fn operation_type(ty: bluejay_core::OperationType) -> OperationType {
    match ty {
        bluejay_core::OperationType::Query => OperationType::Query,
        bluejay_core::OperationType::Mutation => OperationType::Mutation,
        bluejay_core::OperationType::Subscription => OperationType::Subscription,
    }
}

fn type_of(ty: &parsed::VariableType<'_>) -> Type {
    let (base, is_required) = match ty {
        parsed::VariableType::Named {
            name, is_required, ..
        } => (BaseType::Named(Name::new(name)), is_required),
        parsed::VariableType::List {
            inner, is_required, ..
        } => (BaseType::List(Box::new(type_of(inner))), is_required),
    };
    Type {
        base,
        nullable: !is_required,
    }
}

#[cfg(test)]
mod tests;
