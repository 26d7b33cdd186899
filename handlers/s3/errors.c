#include "handlers/s3/errors.h"

#define X(error_name, http_status)                                                                 \
    const struct aws_error s3_##error_name = {                                                     \
        .name = #error_name, .code = #error_name, .status = (http_status), .sender_fault = true};
S3_ERRORS(X)
#undef X

int(s3_fail_no_bucket)(struct request *req, const char *bucket)
{
    aws_fail(req, &s3_NoSuchBucket, "The specified bucket does not exist");
    aws_fail_detail(req, "BucketName", bucket);
    return -1;
}

int(s3_fail_no_key)(struct request *req, const char *key)
{
    aws_fail(req, &s3_NoSuchKey, "The specified key does not exist.");
    aws_fail_detail(req, "Key", key);
    return -1;
}

int(s3_fail_no_version)(struct request *req, const char *key, const char *version_id)
{
    aws_fail(req, &s3_NoSuchVersion, "The specified version does not exist.");
    aws_fail_detail(req, "Key", key);
    aws_fail_detail(req, "VersionId", version_id);
    return -1;
}

int(s3_fail_no_upload)(struct request *req, const char *upload_id)
{
    aws_fail(req, &s3_NoSuchUpload,
             "The specified upload does not exist. The upload ID may be invalid, or the upload may "
             "have been aborted or completed.");
    aws_fail_detail(req, "UploadId", upload_id);
    return -1;
}

int(s3_fail_denied)(struct request *req)
{
    return aws_fail(req, &s3_AccessDenied, "Access Denied");
}

int(s3_fail_malformed_xml)(struct request *req)
{
    return aws_fail(req, &s3_MalformedXML,
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema");
}

int(s3_fail_argument)(struct request *req, const char *name, const char *value, const char *text)
{
    aws_fail(req, &s3_InvalidArgument, "%s", text);
    aws_fail_detail(req, "ArgumentName", name);
    aws_fail_detail(req, "ArgumentValue", value);
    return -1;
}

int(s3_fail_precondition)(struct request *req, const char *condition)
{
    aws_fail(req, &s3_PreconditionFailed,
             "At least one of the pre-conditions you specified did not hold");
    aws_fail_detail(req, "Condition", condition);
    return -1;
}

int(s3_fail_header)(struct request *req, const char *header)
{
    aws_fail(req, &s3_NotImplemented,
             "A header you provided implies functionality that is not implemented");
    aws_fail_detail(req, "Header", header);
    return -1;
}

int(s3_fail_checksum_algorithm)(struct request *req)
{
    return aws_fail(req, &s3_InvalidRequest,
                    "Checksum algorithm provided is unsupported. Please try again with any of the "
                    "valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, "
                    "XXHASH3, XXHASH64]");
}
