/* The operations, by the files that hold them. */
#ifndef CADABRA_SNS_OPERATIONS_H
#define CADABRA_SNS_OPERATIONS_H

#include "handlers/sns/state.h"

int sns_add_permission(struct request *req, const struct sns_AddPermissionInput *in,
                       struct sns_AddPermissionOutput *out);
int sns_check_if_phone_number_is_opted_out(struct request *req,
                                           const struct sns_CheckIfPhoneNumberIsOptedOutInput *in,
                                           struct sns_CheckIfPhoneNumberIsOptedOutResponse *out);
int sns_confirm_subscription(struct request *req, const struct sns_ConfirmSubscriptionInput *in,
                             struct sns_ConfirmSubscriptionResponse *out);
int sns_create_platform_application(struct request *req,
                                    const struct sns_CreatePlatformApplicationInput *in,
                                    struct sns_CreatePlatformApplicationResponse *out);
int sns_create_platform_endpoint(struct request *req,
                                 const struct sns_CreatePlatformEndpointInput *in,
                                 struct sns_CreateEndpointResponse *out);
int sns_create_sms_sandbox_phone_number(struct request *req,
                                        const struct sns_CreateSMSSandboxPhoneNumberInput *in,
                                        struct sns_CreateSMSSandboxPhoneNumberResult *out);
int sns_create_topic(struct request *req, const struct sns_CreateTopicInput *in,
                     struct sns_CreateTopicResponse *out);
int sns_delete_endpoint(struct request *req, const struct sns_DeleteEndpointInput *in,
                        struct sns_DeleteEndpointOutput *out);
int sns_delete_platform_application(struct request *req,
                                    const struct sns_DeletePlatformApplicationInput *in,
                                    struct sns_DeletePlatformApplicationOutput *out);
int sns_delete_sms_sandbox_phone_number(struct request *req,
                                        const struct sns_DeleteSMSSandboxPhoneNumberInput *in,
                                        struct sns_DeleteSMSSandboxPhoneNumberResult *out);
int sns_delete_topic(struct request *req, const struct sns_DeleteTopicInput *in,
                     struct sns_DeleteTopicOutput *out);
int sns_get_data_protection_policy(struct request *req,
                                   const struct sns_GetDataProtectionPolicyInput *in,
                                   struct sns_GetDataProtectionPolicyResponse *out);
int sns_get_endpoint_attributes(struct request *req,
                                const struct sns_GetEndpointAttributesInput *in,
                                struct sns_GetEndpointAttributesResponse *out);
int sns_get_platform_application_attributes(
    struct request *req, const struct sns_GetPlatformApplicationAttributesInput *in,
    struct sns_GetPlatformApplicationAttributesResponse *out);
int sns_get_sms_attributes(struct request *req, const struct sns_GetSMSAttributesInput *in,
                           struct sns_GetSMSAttributesResponse *out);
int sns_get_sms_sandbox_account_status(struct request *req,
                                       const struct sns_GetSMSSandboxAccountStatusInput *in,
                                       struct sns_GetSMSSandboxAccountStatusResult *out);
int sns_get_subscription_attributes(struct request *req,
                                    const struct sns_GetSubscriptionAttributesInput *in,
                                    struct sns_GetSubscriptionAttributesResponse *out);
int sns_get_topic_attributes(struct request *req, const struct sns_GetTopicAttributesInput *in,
                             struct sns_GetTopicAttributesResponse *out);
int sns_list_endpoints_by_platform_application(
    struct request *req, const struct sns_ListEndpointsByPlatformApplicationInput *in,
    struct sns_ListEndpointsByPlatformApplicationResponse *out);
int sns_list_origination_numbers(struct request *req,
                                 const struct sns_ListOriginationNumbersRequest *in,
                                 struct sns_ListOriginationNumbersResult *out);
int sns_list_phone_numbers_opted_out(struct request *req,
                                     const struct sns_ListPhoneNumbersOptedOutInput *in,
                                     struct sns_ListPhoneNumbersOptedOutResponse *out);
int sns_list_platform_applications(struct request *req,
                                   const struct sns_ListPlatformApplicationsInput *in,
                                   struct sns_ListPlatformApplicationsResponse *out);
int sns_list_sms_sandbox_phone_numbers(struct request *req,
                                       const struct sns_ListSMSSandboxPhoneNumbersInput *in,
                                       struct sns_ListSMSSandboxPhoneNumbersResult *out);
int sns_list_subscriptions(struct request *req, const struct sns_ListSubscriptionsInput *in,
                           struct sns_ListSubscriptionsResponse *out);
int sns_list_subscriptions_by_topic(struct request *req,
                                    const struct sns_ListSubscriptionsByTopicInput *in,
                                    struct sns_ListSubscriptionsByTopicResponse *out);
int sns_list_tags_for_resource(struct request *req, const struct sns_ListTagsForResourceRequest *in,
                               struct sns_ListTagsForResourceResponse *out);
int sns_list_topics(struct request *req, const struct sns_ListTopicsInput *in,
                    struct sns_ListTopicsResponse *out);
int sns_opt_in_phone_number(struct request *req, const struct sns_OptInPhoneNumberInput *in,
                            struct sns_OptInPhoneNumberResponse *out);
int sns_publish_operation(struct request *req, const struct sns_PublishInput *in,
                          struct sns_PublishResponse *out);
int sns_publish_batch(struct request *req, const struct sns_PublishBatchInput *in,
                      struct sns_PublishBatchResponse *out);
int sns_put_data_protection_policy(struct request *req,
                                   const struct sns_PutDataProtectionPolicyInput *in,
                                   struct sns_PutDataProtectionPolicyOutput *out);
int sns_remove_permission(struct request *req, const struct sns_RemovePermissionInput *in,
                          struct sns_RemovePermissionOutput *out);
int sns_set_endpoint_attributes(struct request *req,
                                const struct sns_SetEndpointAttributesInput *in,
                                struct sns_SetEndpointAttributesOutput *out);
int sns_set_platform_application_attributes(
    struct request *req, const struct sns_SetPlatformApplicationAttributesInput *in,
    struct sns_SetPlatformApplicationAttributesOutput *out);
int sns_set_sms_attributes(struct request *req, const struct sns_SetSMSAttributesInput *in,
                           struct sns_SetSMSAttributesResponse *out);
int sns_set_subscription_attributes(struct request *req,
                                    const struct sns_SetSubscriptionAttributesInput *in,
                                    struct sns_SetSubscriptionAttributesOutput *out);
int sns_set_topic_attributes(struct request *req, const struct sns_SetTopicAttributesInput *in,
                             struct sns_SetTopicAttributesOutput *out);
int sns_subscribe(struct request *req, const struct sns_SubscribeInput *in,
                  struct sns_SubscribeResponse *out);
int sns_tag_resource(struct request *req, const struct sns_TagResourceRequest *in,
                     struct sns_TagResourceResponse *out);
int sns_unsubscribe(struct request *req, const struct sns_UnsubscribeInput *in,
                    struct sns_UnsubscribeOutput *out);
int sns_untag_resource(struct request *req, const struct sns_UntagResourceRequest *in,
                       struct sns_UntagResourceResponse *out);
int sns_verify_sms_sandbox_phone_number(struct request *req,
                                        const struct sns_VerifySMSSandboxPhoneNumberInput *in,
                                        struct sns_VerifySMSSandboxPhoneNumberResult *out);

/* --- what they share --- */

/* 0 and the list, or a failed request. */
int sns_check_tags(struct request *req, const struct sns_TagList *tags, struct tag_list *out);
int sns_check_data_protection(struct request *req, const char *policy);

#endif
