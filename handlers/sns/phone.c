/* SMS: settings, numbers that have opted out, numbers of the sandbox. No number of AWS's own is
 * ever given out: messages come from nowhere and are kept. */
#include "handlers/sns/phone.h"

#include "handlers/common/page_token.h"
#include "handlers/sns/keep.h"
#include "handlers/sns/operations.h"
#include "server/base/digest.h"

enum { PAGE = 100, CODE_LEN = 6, DIGITS_MAX = 15, SETTING_MAX = 2048 };

bool sns_is_phone_number(const char *text)
{
    const char *digits = text + (*text == '+');
    size_t len = strspn(digits, "0123456789");

    return len >= 2 && len <= DIGITS_MAX && digits[0] != '0' && !digits[len];
}

static struct scope scope_of(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

static int check_number(struct request *req, const char *number)
{
    return sns_is_phone_number(number)
               ? 0
               : aws_fail(req, &sns_InvalidParameterException,
                          "Invalid parameter: PhoneNumber Reason: input incorrectly formatted");
}

/* --- settings --- */

static int check_setting(struct request *req, const struct tag *t)
{
    static const char *const names[] = {
        "MonthlySpendLimit", "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate",
        "DefaultSenderID",   "DefaultSMSType",        "UsageReportS3Bucket",
    };
    size_t i = 0;

    while (i < ARRAY_LEN(names) && !str_eq(names[i], t->key))
        i++;
    if (i == ARRAY_LEN(names) || strlen(t->value) > SETTING_MAX)
        return aws_fail(req, &sns_InvalidParameterException, "%s is not a valid attribute", t->key);
    if (str_eq(t->key, "DefaultSMSType") && *t->value && !str_eq(t->value, "Promotional") &&
        !str_eq(t->value, "Transactional"))
        return aws_fail(req, &sns_InvalidParameterException, "DefaultSMSType is invalid");
    if (str_eq(t->key, "DefaultSenderID") && *t->value &&
        (strlen(t->value) > 11 || strspn(t->value, "0123456789") == strlen(t->value)))
        return aws_fail(req, &sns_InvalidParameterException,
                        "DefaultSenderID is not a valid attribute");
    return 0;
}

static int read_settings(struct request *req, struct tag_list *out)
{
    struct tag limit = {"MonthlySpendLimit", "1"};
    struct scope scope = scope_of(req);
    const char *json;

    if (sns_store_sms_attributes(sns_of(req->app)->store, &scope, &req->arena, &json) != STORE_OK)
        return aws_fail_internal(req);
    *out = tags_merge(&req->arena, (struct tag_list){&limit, 1}, tags_from_json(&req->arena, json));
    return 0;
}

int sns_set_sms_attributes(struct request *req, const struct sns_SetSMSAttributesInput *in,
                           struct sns_SetSMSAttributesResponse *out)
{
    struct tag_list set = {.items =
                               ARENA_ARRAY(&req->arena, struct tag, MAX(in->attributes.count, 1))};
    struct scope scope = scope_of(req);
    struct tag_list all;

    (void)out;
    for (size_t i = 0; i < in->attributes.count; i++) {
        const char *value = in->attributes.items[i].value;

        set.items[set.count] = (struct tag){in->attributes.items[i].key, value ? value : ""};
        if (check_setting(req, &set.items[set.count++]))
            return -1;
    }
    if (read_settings(req, &all))
        return -1;
    all = tags_merge(&req->arena, all, set);
    return sns_store_sms_attributes_put(sns_of(req->app)->store, &scope,
                                        sns_attributes_json(&req->arena, all)) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

static bool is_wanted(const struct sns_ListString *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (str_eq(wanted->items[i], name))
            return true;
    }
    return wanted->count == 0;
}

int sns_get_sms_attributes(struct request *req, const struct sns_GetSMSAttributesInput *in,
                           struct sns_GetSMSAttributesResponse *out)
{
    struct tag_list all;

    if (read_settings(req, &all))
        return -1;
    out->attributes.items =
        ARENA_ARRAY(&req->arena, struct sns_MapStringToString_entry, MAX(all.count, 1));
    for (size_t i = 0; i < all.count; i++) {
        if (is_wanted(&in->attributes, all.items[i].key))
            out->attributes.items[out->attributes.count++] = (struct sns_MapStringToString_entry){
                .key = all.items[i].key, .value = all.items[i].value};
    }
    return 0;
}

/* --- opted out --- */

int sns_check_if_phone_number_is_opted_out(struct request *req,
                                           const struct sns_CheckIfPhoneNumberIsOptedOutInput *in,
                                           struct sns_CheckIfPhoneNumberIsOptedOutResponse *out)
{
    struct scope scope = scope_of(req);
    struct sns_phone phone;
    enum store_status rc;

    if (check_number(req, in->phoneNumber))
        return -1;
    rc = sns_store_phone_find(sns_of(req->app)->store, &scope, SNS_PHONE_OPTED_OUT, in->phoneNumber,
                              &req->arena, &phone);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    out->isOptedOut = SOME_BOOL(rc == STORE_OK);
    return 0;
}

int sns_opt_in_phone_number(struct request *req, const struct sns_OptInPhoneNumberInput *in,
                            struct sns_OptInPhoneNumberResponse *out)
{
    struct scope scope = scope_of(req);

    (void)out;
    if (check_number(req, in->phoneNumber))
        return -1;
    return sns_store_phone_remove(sns_of(req->app)->store, &scope, SNS_PHONE_OPTED_OUT,
                                  in->phoneNumber) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

/* A page of numbers; *out_token is set when there are more. */
static int list_phones(struct request *req, enum sns_phone_kind kind, const char *token,
                       size_t limit, struct sns_phones *out, const char **out_token)
{
    const char *list = arena_printf(&req->arena, "sns:phones:%d:%s", kind, req->account);
    struct scope scope = scope_of(req);
    const char *after = NULL;

    if (token && *token && !(after = page_token_read(&req->arena, list, token)))
        return aws_fail(req, &sns_InvalidParameterException, "Invalid parameter: NextToken");
    if (sns_store_phone_list(sns_of(req->app)->store, &scope, kind, after, limit + 1, &req->arena,
                             out) != STORE_OK)
        return aws_fail_internal(req);
    if (out->count > limit) {
        out->count = limit;
        *out_token = page_token_make(&req->arena, list, out->items[limit - 1].number);
    }
    return 0;
}

int sns_list_phone_numbers_opted_out(struct request *req,
                                     const struct sns_ListPhoneNumbersOptedOutInput *in,
                                     struct sns_ListPhoneNumbersOptedOutResponse *out)
{
    struct sns_phones phones;

    if (list_phones(req, SNS_PHONE_OPTED_OUT, in->nextToken, PAGE, &phones, &out->nextToken))
        return -1;
    out->phoneNumbers.count = phones.count;
    out->phoneNumbers.items = ARENA_ARRAY(&req->arena, const char *, MAX(phones.count, 1));
    for (size_t i = 0; i < phones.count; i++)
        out->phoneNumbers.items[i] = phones.items[i].number;
    return 0;
}

/* --- the sandbox: no account is in it, but its numbers can be managed --- */

int sns_get_sms_sandbox_account_status(struct request *req,
                                       const struct sns_GetSMSSandboxAccountStatusInput *in,
                                       struct sns_GetSMSSandboxAccountStatusResult *out)
{
    (void)req;
    (void)in;
    out->IsInSandbox = SOME_BOOL(false);
    return 0;
}

/* The code is sent as an SMS, so it can be read where all are. */
static bool send_code(struct request *req, const char *number, const char *code)
{
    const struct sns_kept_target target = {.protocol = "sms", .endpoint = number};
    struct sns *sns = sns_of(req->app);
    struct scope scope = scope_of(req);
    struct sns_message m = {
        .text = arena_printf(&req->arena, "Your verification code for SNS is %s.", code)};
    struct sns_kept_message kept;
    const struct sns_record record = {.kept = &kept, .kept_count = 1};

    sns_message_begin(sns, &m);
    return sns_keep(sns, &req->arena, &scope, &target, &m, m.text, &kept) &&
           sns_store_record(sns->store, &record) == STORE_OK;
}

int sns_create_sms_sandbox_phone_number(struct request *req,
                                        const struct sns_CreateSMSSandboxPhoneNumberInput *in,
                                        struct sns_CreateSMSSandboxPhoneNumberResult *out)
{
    struct sns_store *store = sns_of(req->app)->store;
    struct scope scope = scope_of(req);
    struct sns_phone phone = {.number = in->PhoneNumber}, old;
    char code[CODE_LEN + 1];

    (void)out;
    if (check_number(req, in->PhoneNumber))
        return -1;
    if (sns_store_phone_find(store, &scope, SNS_PHONE_OPTED_OUT, in->PhoneNumber, &req->arena,
                             &old) == STORE_OK)
        return aws_fail(req, &sns_OptedOutException, "The phone number has opted out");
    if (sns_store_phone_find(store, &scope, SNS_PHONE_SANDBOX, in->PhoneNumber, &req->arena,
                             &old) == STORE_OK &&
        !*old.state)
        return aws_fail(req, &sns_UserErrorException, "The phone number is already verified");
    random_text(code, CODE_LEN, "0123456789");
    phone.state = code;
    if (sns_store_phone_put(store, &scope, SNS_PHONE_SANDBOX, &phone) != STORE_OK ||
        !send_code(req, in->PhoneNumber, code))
        return aws_fail_internal(req);
    return 0;
}

static int find_sandbox(struct request *req, const char *number, struct sns_phone *out)
{
    struct scope scope = scope_of(req);
    enum store_status rc = sns_store_phone_find(sns_of(req->app)->store, &scope, SNS_PHONE_SANDBOX,
                                                number, &req->arena, out);

    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_ResourceNotFoundException, "The phone number does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int sns_verify_sms_sandbox_phone_number(struct request *req,
                                        const struct sns_VerifySMSSandboxPhoneNumberInput *in,
                                        struct sns_VerifySMSSandboxPhoneNumberResult *out)
{
    struct scope scope = scope_of(req);
    struct sns_phone phone;

    (void)out;
    if (find_sandbox(req, in->PhoneNumber, &phone))
        return -1;
    if (*phone.state && !str_eq(phone.state, in->OneTimePassword)) {
        struct sns_VerificationException *members =
            ARENA_NEW(&req->arena, struct sns_VerificationException);

        members->Status = "INVALID";
        return aws_fail_with(req, &sns_VerificationException, members,
                             "The verification code is not valid");
    }
    phone.state = "";
    return sns_store_phone_put(sns_of(req->app)->store, &scope, SNS_PHONE_SANDBOX, &phone) ==
                   STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int sns_delete_sms_sandbox_phone_number(struct request *req,
                                        const struct sns_DeleteSMSSandboxPhoneNumberInput *in,
                                        struct sns_DeleteSMSSandboxPhoneNumberResult *out)
{
    struct scope scope = scope_of(req);
    struct sns_phone phone;

    (void)out;
    if (find_sandbox(req, in->PhoneNumber, &phone))
        return -1;
    return sns_store_phone_remove(sns_of(req->app)->store, &scope, SNS_PHONE_SANDBOX,
                                  in->PhoneNumber) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int sns_list_sms_sandbox_phone_numbers(struct request *req,
                                       const struct sns_ListSMSSandboxPhoneNumbersInput *in,
                                       struct sns_ListSMSSandboxPhoneNumbersResult *out)
{
    struct sns_phones phones;

    if (list_phones(req, SNS_PHONE_SANDBOX, in->NextToken, (size_t)VALUE_OR(in->MaxResults, PAGE),
                    &phones, &out->NextToken))
        return -1;
    out->PhoneNumbers.count = phones.count;
    out->PhoneNumbers.items =
        ARENA_ARRAY(&req->arena, struct sns_SMSSandboxPhoneNumber, MAX(phones.count, 1));
    for (size_t i = 0; i < phones.count; i++)
        out->PhoneNumbers.items[i] = (struct sns_SMSSandboxPhoneNumber){
            .PhoneNumber = phones.items[i].number,
            .Status = *phones.items[i].state ? "Pending" : "Verified",
        };
    return 0;
}

/* AWS gives numbers out through other services; here there are none. */
int sns_list_origination_numbers(struct request *req,
                                 const struct sns_ListOriginationNumbersRequest *in,
                                 struct sns_ListOriginationNumbersResult *out)
{
    if (in->NextToken && *in->NextToken)
        return aws_fail(req, &sns_ValidationException, "NextToken is invalid");
    out->PhoneNumbers.items = ARENA_ARRAY(&req->arena, struct sns_PhoneNumberInformation, 1);
    return 0;
}
