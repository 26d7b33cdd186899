/* The operations that configure buckets, by resource; ACLs of objects; Select.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html */
#ifndef CADABRA_S3_RULES_H
#define CADABRA_S3_RULES_H

#include "handlers/s3/operations.h"

/* acl_operations.c */
S3_OPERATION(s3_get_bucket_acl, GetBucketAcl);
S3_OPERATION(s3_put_bucket_acl, PutBucketAcl);
S3_OPERATION(s3_get_object_acl, GetObjectAcl);
S3_OPERATION(s3_put_object_acl, PutObjectAcl);
S3_OPERATION(s3_get_bucket_ownership_controls, GetBucketOwnershipControls);
S3_OPERATION(s3_put_bucket_ownership_controls, PutBucketOwnershipControls);
S3_OPERATION(s3_delete_bucket_ownership_controls, DeleteBucketOwnershipControls);
S3_OPERATION(s3_get_public_access_block, GetPublicAccessBlock);
S3_OPERATION(s3_put_public_access_block, PutPublicAccessBlock);
S3_OPERATION(s3_delete_public_access_block, DeletePublicAccessBlock);
/* BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter */
bool s3_is_ownership(const char *name);

/* bucket_policy.c */
S3_OPERATION(s3_get_bucket_policy, GetBucketPolicy);
S3_OPERATION(s3_put_bucket_policy, PutBucketPolicy);
S3_OPERATION(s3_delete_bucket_policy, DeleteBucketPolicy);
S3_OPERATION(s3_get_bucket_policy_status, GetBucketPolicyStatus);

/* bucket_rules.c */
S3_OPERATION(s3_get_bucket_tagging, GetBucketTagging);
S3_OPERATION(s3_put_bucket_tagging, PutBucketTagging);
S3_OPERATION(s3_delete_bucket_tagging, DeleteBucketTagging);
S3_OPERATION(s3_get_bucket_cors, GetBucketCors);
S3_OPERATION(s3_put_bucket_cors, PutBucketCors);
S3_OPERATION(s3_delete_bucket_cors, DeleteBucketCors);
S3_OPERATION(s3_get_bucket_lifecycle, GetBucketLifecycleConfiguration);
S3_OPERATION(s3_put_bucket_lifecycle, PutBucketLifecycleConfiguration);
S3_OPERATION(s3_delete_bucket_lifecycle, DeleteBucketLifecycle);
S3_OPERATION(s3_get_bucket_encryption, GetBucketEncryption);
S3_OPERATION(s3_put_bucket_encryption, PutBucketEncryption);
S3_OPERATION(s3_delete_bucket_encryption, DeleteBucketEncryption);

/* bucket_settings.c */
S3_OPERATION(s3_get_bucket_website, GetBucketWebsite);
S3_OPERATION(s3_put_bucket_website, PutBucketWebsite);
S3_OPERATION(s3_delete_bucket_website, DeleteBucketWebsite);
S3_OPERATION(s3_get_bucket_logging, GetBucketLogging);
S3_OPERATION(s3_put_bucket_logging, PutBucketLogging);
S3_OPERATION(s3_get_bucket_replication, GetBucketReplication);
S3_OPERATION(s3_put_bucket_replication, PutBucketReplication);
S3_OPERATION(s3_delete_bucket_replication, DeleteBucketReplication);
S3_OPERATION(s3_get_bucket_request_payment, GetBucketRequestPayment);
S3_OPERATION(s3_put_bucket_request_payment, PutBucketRequestPayment);
S3_OPERATION(s3_get_bucket_accelerate, GetBucketAccelerateConfiguration);
S3_OPERATION(s3_put_bucket_accelerate, PutBucketAccelerateConfiguration);
S3_OPERATION(s3_get_bucket_abac, GetBucketAbac);
S3_OPERATION(s3_put_bucket_abac, PutBucketAbac);

/* notification.c */
int s3_get_bucket_notification(struct request *req,
                               const struct s3_GetBucketNotificationConfigurationRequest *in,
                               struct s3_NotificationConfiguration *out);
S3_OPERATION(s3_put_bucket_notification, PutBucketNotificationConfiguration);

/* select_object.c */
S3_OPERATION(s3_select_object_content, SelectObjectContent);

/* bucket_reports.c */
S3_OPERATION(s3_get_bucket_inventory, GetBucketInventoryConfiguration);
S3_OPERATION(s3_put_bucket_inventory, PutBucketInventoryConfiguration);
S3_OPERATION(s3_delete_bucket_inventory, DeleteBucketInventoryConfiguration);
S3_OPERATION(s3_list_bucket_inventory, ListBucketInventoryConfigurations);
S3_OPERATION(s3_get_bucket_analytics, GetBucketAnalyticsConfiguration);
S3_OPERATION(s3_put_bucket_analytics, PutBucketAnalyticsConfiguration);
S3_OPERATION(s3_delete_bucket_analytics, DeleteBucketAnalyticsConfiguration);
S3_OPERATION(s3_list_bucket_analytics, ListBucketAnalyticsConfigurations);
S3_OPERATION(s3_get_bucket_metrics, GetBucketMetricsConfiguration);
S3_OPERATION(s3_put_bucket_metrics, PutBucketMetricsConfiguration);
S3_OPERATION(s3_delete_bucket_metrics, DeleteBucketMetricsConfiguration);
S3_OPERATION(s3_list_bucket_metrics, ListBucketMetricsConfigurations);
S3_OPERATION(s3_get_bucket_tiering, GetBucketIntelligentTieringConfiguration);
S3_OPERATION(s3_put_bucket_tiering, PutBucketIntelligentTieringConfiguration);
S3_OPERATION(s3_delete_bucket_tiering, DeleteBucketIntelligentTieringConfiguration);
S3_OPERATION(s3_list_bucket_tiering, ListBucketIntelligentTieringConfigurations);

#endif
