//! People, their roles, and the operator's own.

use reqwest::Method;

use super::{Answer, Client};
use crate::wire::{
    Changed, Done, Known, NewOperator, NewPerson, OneTimeLink, Operator, OperatorAdded, OperatorEdit, Page, PageQuery,
    Person, PersonAdded, PersonEdit, PersonRemoved, RemovePerson, Role, RoleSpec,
};

impl Client {
    /// Lists the people of an account.
    pub async fn people(&self, account_id: &str, page: &PageQuery) -> Answer<Page<Person>> {
        self.get(&["v1", "accounts", account_id, "people"], page).await
    }

    /// Adds a person to an account; with an address they are invited.
    pub async fn create_person(
        &self,
        account_id: &str,
        new: &NewPerson,
        idempotency_key: Option<&str>,
    ) -> Answer<PersonAdded> {
        let call = self.call(Method::POST, &["v1", "accounts", account_id, "people"]);
        call.body(new).idempotency_key(idempotency_key).send().await
    }

    /// A person of an account.
    pub async fn person(&self, account_id: &str, id: &str) -> Answer<Person> {
        self.get(&["v1", "accounts", account_id, "people", id], &()).await
    }

    /// Changes a person's role or name, shuts them out, or lets them in again.
    pub async fn edit_person(
        &self,
        account_id: &str,
        id: &str,
        edit: &PersonEdit,
        if_version: Option<i64>,
    ) -> Answer<Changed<Person>> {
        let call = self.call(Method::PATCH, &["v1", "accounts", account_id, "people", id]);
        call.body(edit).if_version(if_version).send().await
    }

    /// Removes a person from an account, with the personal key they hold.
    pub async fn delete_person(&self, account_id: &str, id: &str) -> Answer<Done> {
        self.call(Method::DELETE, &["v1", "accounts", account_id, "people", id]).send().await
    }

    /// The keys that a person made, or whose secrets they have seen.
    pub async fn known_keys(&self, account_id: &str, id: &str) -> Answer<Known> {
        self.get(&["v1", "accounts", account_id, "people", id, "known"], &()).await
    }

    /// Removes a person and, in the same change, rotates or revokes the keys that are named.
    pub async fn remove_person(&self, account_id: &str, id: &str, how: &RemovePerson) -> Answer<PersonRemoved> {
        self.call(Method::POST, &["v1", "accounts", account_id, "people", id, "remove"]).body(how).send().await
    }

    /// A fresh link for somebody who has not joined yet; the old one ends.
    pub async fn invite_again(&self, account_id: &str, id: &str) -> Answer<OneTimeLink> {
        self.call(Method::POST, &["v1", "accounts", account_id, "people", id, "invitation"]).send().await
    }

    /// A link to a new password for somebody who can't sign in.
    pub async fn make_reset_link(&self, account_id: &str, id: &str) -> Answer<OneTimeLink> {
        self.call(Method::POST, &["v1", "accounts", account_id, "people", id, "reset-link"]).send().await
    }

    /// The roles that people of an account can have.
    pub async fn roles(&self, account_id: &str) -> Answer<Page<Role>> {
        self.get(&["v1", "accounts", account_id, "roles"], &()).await
    }

    /// Makes or changes a role of the account's own.
    pub async fn put_role(&self, account_id: &str, name: &str, spec: &RoleSpec) -> Answer<Changed<Role>> {
        self.call(Method::PUT, &["v1", "accounts", account_id, "roles", name]).body(spec).send().await
    }

    /// Removes a role of the account's own that nobody has.
    pub async fn delete_role(&self, account_id: &str, name: &str) -> Answer<Done> {
        self.call(Method::DELETE, &["v1", "accounts", account_id, "roles", name]).send().await
    }

    /// Those who run the deployment.
    pub async fn operators(&self) -> Answer<Page<Operator>> {
        self.get(&["v1", "operators"], &()).await
    }

    /// Invites somebody to run the deployment.
    pub async fn add_operator(&self, new: &NewOperator) -> Answer<OperatorAdded> {
        self.call(Method::POST, &["v1", "operators"]).body(new).send().await
    }

    /// Shuts an operator out, or lets them in again.
    pub async fn edit_operator(&self, id: &str, edit: &OperatorEdit) -> Answer<Changed<Operator>> {
        self.call(Method::PATCH, &["v1", "operators", id]).body(edit).send().await
    }

    /// Takes the deployment out of somebody's hands.
    pub async fn remove_operator(&self, id: &str) -> Answer<Done> {
        self.call(Method::DELETE, &["v1", "operators", id]).send().await
    }
}
