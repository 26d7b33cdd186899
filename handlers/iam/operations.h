/*
 * The operations of IAM that are built, each with its function and the types of its input and
 * output. The prototypes and the table of handlers are made of this list.
 */
#ifndef CADABRA_IAM_OPERATIONS_H
#define CADABRA_IAM_OPERATIONS_H

/* clang-format off */
#define IAM_OPERATIONS(X) \
    X(CreateRole, create_role, CreateRoleRequest, CreateRoleResponse) \
    X(GetRole, get_role, GetRoleRequest, GetRoleResponse) \
    X(ListRoles, list_roles, ListRolesRequest, ListRolesResponse) \
    X(UpdateRole, update_role, UpdateRoleRequest, UpdateRoleResponse) \
    X(UpdateRoleDescription, update_role_description, UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse) \
    X(UpdateAssumeRolePolicy, update_assume_role_policy, UpdateAssumeRolePolicyRequest, UpdateAssumeRolePolicyOutput) \
    X(DeleteRole, delete_role, DeleteRoleRequest, DeleteRoleOutput) \
    X(PutRolePermissionsBoundary, put_role_permissions_boundary, PutRolePermissionsBoundaryRequest, PutRolePermissionsBoundaryOutput) \
    X(DeleteRolePermissionsBoundary, delete_role_permissions_boundary, DeleteRolePermissionsBoundaryRequest, DeleteRolePermissionsBoundaryOutput) \
    X(TagRole, tag_role, TagRoleRequest, TagRoleOutput) \
    X(UntagRole, untag_role, UntagRoleRequest, UntagRoleOutput) \
    X(ListRoleTags, list_role_tags, ListRoleTagsRequest, ListRoleTagsResponse) \
    X(CreateUser, create_user, CreateUserRequest, CreateUserResponse) \
    X(GetUser, get_user, GetUserRequest, GetUserResponse) \
    X(ListUsers, list_users, ListUsersRequest, ListUsersResponse) \
    X(UpdateUser, update_user, UpdateUserRequest, UpdateUserOutput) \
    X(DeleteUser, delete_user, DeleteUserRequest, DeleteUserOutput) \
    X(PutUserPermissionsBoundary, put_user_permissions_boundary, PutUserPermissionsBoundaryRequest, PutUserPermissionsBoundaryOutput) \
    X(DeleteUserPermissionsBoundary, delete_user_permissions_boundary, DeleteUserPermissionsBoundaryRequest, DeleteUserPermissionsBoundaryOutput) \
    X(TagUser, tag_user, TagUserRequest, TagUserOutput) \
    X(UntagUser, untag_user, UntagUserRequest, UntagUserOutput) \
    X(ListUserTags, list_user_tags, ListUserTagsRequest, ListUserTagsResponse) \
    X(CreateGroup, create_group, CreateGroupRequest, CreateGroupResponse) \
    X(GetGroup, get_group, GetGroupRequest, GetGroupResponse) \
    X(ListGroups, list_groups, ListGroupsRequest, ListGroupsResponse) \
    X(UpdateGroup, update_group, UpdateGroupRequest, UpdateGroupOutput) \
    X(DeleteGroup, delete_group, DeleteGroupRequest, DeleteGroupOutput) \
    X(AddUserToGroup, add_user_to_group, AddUserToGroupRequest, AddUserToGroupOutput) \
    X(RemoveUserFromGroup, remove_user_from_group, RemoveUserFromGroupRequest, RemoveUserFromGroupOutput) \
    X(ListGroupsForUser, list_groups_for_user, ListGroupsForUserRequest, ListGroupsForUserResponse) \
    X(PutGroupPolicy, put_group_policy, PutGroupPolicyRequest, PutGroupPolicyOutput) \
    X(GetGroupPolicy, get_group_policy, GetGroupPolicyRequest, GetGroupPolicyResponse) \
    X(ListGroupPolicies, list_group_policies, ListGroupPoliciesRequest, ListGroupPoliciesResponse) \
    X(DeleteGroupPolicy, delete_group_policy, DeleteGroupPolicyRequest, DeleteGroupPolicyOutput) \
    X(AttachGroupPolicy, attach_group_policy, AttachGroupPolicyRequest, AttachGroupPolicyOutput) \
    X(DetachGroupPolicy, detach_group_policy, DetachGroupPolicyRequest, DetachGroupPolicyOutput) \
    X(ListAttachedGroupPolicies, list_attached_group_policies, ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse) \
    X(CreateAccessKey, create_access_key, CreateAccessKeyRequest, CreateAccessKeyResponse) \
    X(ListAccessKeys, list_access_keys, ListAccessKeysRequest, ListAccessKeysResponse) \
    X(UpdateAccessKey, update_access_key, UpdateAccessKeyRequest, UpdateAccessKeyOutput) \
    X(DeleteAccessKey, delete_access_key, DeleteAccessKeyRequest, DeleteAccessKeyOutput) \
    X(PutRolePolicy, put_role_policy, PutRolePolicyRequest, PutRolePolicyOutput) \
    X(GetRolePolicy, get_role_policy, GetRolePolicyRequest, GetRolePolicyResponse) \
    X(ListRolePolicies, list_role_policies, ListRolePoliciesRequest, ListRolePoliciesResponse) \
    X(DeleteRolePolicy, delete_role_policy, DeleteRolePolicyRequest, DeleteRolePolicyOutput) \
    X(PutUserPolicy, put_user_policy, PutUserPolicyRequest, PutUserPolicyOutput) \
    X(GetUserPolicy, get_user_policy, GetUserPolicyRequest, GetUserPolicyResponse) \
    X(ListUserPolicies, list_user_policies, ListUserPoliciesRequest, ListUserPoliciesResponse) \
    X(DeleteUserPolicy, delete_user_policy, DeleteUserPolicyRequest, DeleteUserPolicyOutput) \
    X(AttachRolePolicy, attach_role_policy, AttachRolePolicyRequest, AttachRolePolicyOutput) \
    X(DetachRolePolicy, detach_role_policy, DetachRolePolicyRequest, DetachRolePolicyOutput) \
    X(ListAttachedRolePolicies, list_attached_role_policies, ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse) \
    X(AttachUserPolicy, attach_user_policy, AttachUserPolicyRequest, AttachUserPolicyOutput) \
    X(DetachUserPolicy, detach_user_policy, DetachUserPolicyRequest, DetachUserPolicyOutput) \
    X(ListAttachedUserPolicies, list_attached_user_policies, ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse) \
    X(ListEntitiesForPolicy, list_entities_for_policy, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse) \
    X(CreatePolicy, create_policy, CreatePolicyRequest, CreatePolicyResponse) \
    X(GetPolicy, get_policy, GetPolicyRequest, GetPolicyResponse) \
    X(ListPolicies, list_policies, ListPoliciesRequest, ListPoliciesResponse) \
    X(DeletePolicy, delete_policy, DeletePolicyRequest, DeletePolicyOutput) \
    X(TagPolicy, tag_policy, TagPolicyRequest, TagPolicyOutput) \
    X(UntagPolicy, untag_policy, UntagPolicyRequest, UntagPolicyOutput) \
    X(ListPolicyTags, list_policy_tags, ListPolicyTagsRequest, ListPolicyTagsResponse) \
    X(CreatePolicyVersion, create_policy_version, CreatePolicyVersionRequest, CreatePolicyVersionResponse) \
    X(GetPolicyVersion, get_policy_version, GetPolicyVersionRequest, GetPolicyVersionResponse) \
    X(ListPolicyVersions, list_policy_versions, ListPolicyVersionsRequest, ListPolicyVersionsResponse) \
    X(DeletePolicyVersion, delete_policy_version, DeletePolicyVersionRequest, DeletePolicyVersionOutput) \
    X(SetDefaultPolicyVersion, set_default_policy_version, SetDefaultPolicyVersionRequest, SetDefaultPolicyVersionOutput) \
    X(CreateInstanceProfile, create_instance_profile, CreateInstanceProfileRequest, CreateInstanceProfileResponse) \
    X(GetInstanceProfile, get_instance_profile, GetInstanceProfileRequest, GetInstanceProfileResponse) \
    X(ListInstanceProfiles, list_instance_profiles, ListInstanceProfilesRequest, ListInstanceProfilesResponse) \
    X(DeleteInstanceProfile, delete_instance_profile, DeleteInstanceProfileRequest, DeleteInstanceProfileOutput) \
    X(AddRoleToInstanceProfile, add_role_to_instance_profile, AddRoleToInstanceProfileRequest, AddRoleToInstanceProfileOutput) \
    X(RemoveRoleFromInstanceProfile, remove_role_from_instance_profile, RemoveRoleFromInstanceProfileRequest, RemoveRoleFromInstanceProfileOutput) \
    X(ListInstanceProfilesForRole, list_instance_profiles_for_role, ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse) \
    X(TagInstanceProfile, tag_instance_profile, TagInstanceProfileRequest, TagInstanceProfileOutput) \
    X(UntagInstanceProfile, untag_instance_profile, UntagInstanceProfileRequest, UntagInstanceProfileOutput) \
    X(ListInstanceProfileTags, list_instance_profile_tags, ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse) \
    X(CreateAccountAlias, create_account_alias, CreateAccountAliasRequest, CreateAccountAliasOutput) \
    X(DeleteAccountAlias, delete_account_alias, DeleteAccountAliasRequest, DeleteAccountAliasOutput) \
    X(ListAccountAliases, list_account_aliases, ListAccountAliasesRequest, ListAccountAliasesResponse) \
    X(UpdateAccountPasswordPolicy, update_account_password_policy, UpdateAccountPasswordPolicyRequest, UpdateAccountPasswordPolicyOutput) \
    X(GetAccountPasswordPolicy, get_account_password_policy, GetAccountPasswordPolicyInput, GetAccountPasswordPolicyResponse) \
    X(DeleteAccountPasswordPolicy, delete_account_password_policy, DeleteAccountPasswordPolicyInput, DeleteAccountPasswordPolicyOutput) \
    X(GetAccountSummary, get_account_summary, GetAccountSummaryInput, GetAccountSummaryResponse) \
    X(GetAccountAuthorizationDetails, get_account_authorization_details, GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse) \
    X(CreateOpenIDConnectProvider, create_open_id_connect_provider, CreateOpenIDConnectProviderRequest, CreateOpenIDConnectProviderResponse) \
    X(GetOpenIDConnectProvider, get_open_id_connect_provider, GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse) \
    X(ListOpenIDConnectProviders, list_open_id_connect_providers, ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse) \
    X(DeleteOpenIDConnectProvider, delete_open_id_connect_provider, DeleteOpenIDConnectProviderRequest, DeleteOpenIDConnectProviderOutput) \
    X(AddClientIDToOpenIDConnectProvider, add_client_id_to_open_id_connect_provider, AddClientIDToOpenIDConnectProviderRequest, AddClientIDToOpenIDConnectProviderOutput) \
    X(RemoveClientIDFromOpenIDConnectProvider, remove_client_id_from_open_id_connect_provider, RemoveClientIDFromOpenIDConnectProviderRequest, RemoveClientIDFromOpenIDConnectProviderOutput) \
    X(UpdateOpenIDConnectProviderThumbprint, update_open_id_connect_provider_thumbprint, UpdateOpenIDConnectProviderThumbprintRequest, UpdateOpenIDConnectProviderThumbprintOutput) \
    X(TagOpenIDConnectProvider, tag_open_id_connect_provider, TagOpenIDConnectProviderRequest, TagOpenIDConnectProviderOutput) \
    X(UntagOpenIDConnectProvider, untag_open_id_connect_provider, UntagOpenIDConnectProviderRequest, UntagOpenIDConnectProviderOutput) \
    X(ListOpenIDConnectProviderTags, list_open_id_connect_provider_tags, ListOpenIDConnectProviderTagsRequest, ListOpenIDConnectProviderTagsResponse) \
    X(ListMFADevices, list_mfa_devices, ListMFADevicesRequest, ListMFADevicesResponse) \
    X(ListVirtualMFADevices, list_virtual_mfa_devices, ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse) \
    X(ListSigningCertificates, list_signing_certificates, ListSigningCertificatesRequest, ListSigningCertificatesResponse) \
    X(ListSSHPublicKeys, list_ssh_public_keys, ListSSHPublicKeysRequest, ListSSHPublicKeysResponse) \
    X(ListServiceSpecificCredentials, list_service_specific_credentials, ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse) \
    X(CreateLoginProfile, create_login_profile, CreateLoginProfileRequest, CreateLoginProfileResponse) \
    X(UpdateLoginProfile, update_login_profile, UpdateLoginProfileRequest, UpdateLoginProfileOutput) \
    X(GetLoginProfile, get_login_profile, GetLoginProfileRequest, GetLoginProfileResponse) \
    X(DeleteLoginProfile, delete_login_profile, DeleteLoginProfileRequest, DeleteLoginProfileOutput)
/* clang-format on */

#endif
