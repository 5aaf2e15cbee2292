/* A plug-in execution provider for tests: it takes the Sigmoid nodes of a graph (or another simple operator) and does what its options say.
 * Built by the tests with the headers of ONNX Runtime's package: cc -shared -fPIC -I INCLUDE -o libprovider.so provider.c -lm
 *
 * op         Sigmoid (default) or Relu
 * wait_for   a file: compiling waits until it is there, as a provider that builds an engine for minutes does
 * fail       compiling fails with these words
 * lose_when  a file: once it is there, a run ends with the words of a lost CUDA device
 * fault_when a file: once it is there, a run fails as a model's own fault does
 *
 * PLUGIN_NO_DEVICE in the environment: it finds no device.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "onnxruntime_c_api.h"

#define NAME "PluginTestProvider"
#define PREFIX "ep.plugintestprovider."
#define OPTION_COUNT 5
#define CHECK(call) do { OrtStatus* status_ = (call); if (status_) return status_; } while (0)

enum { OP, WAIT_FOR, FAIL, LOSE_WHEN, FAULT_WHEN };

static const char* const option_names[OPTION_COUNT] = { "op", "wait_for", "fail", "lose_when", "fault_when" };
static const OrtApi* api;
static const OrtEpApi* ep_api;

typedef struct { OrtEp base; char* options[OPTION_COUNT]; } Provider;
typedef struct { OrtNodeComputeInfo base; const Provider* provider; } Node;

static OrtStatus* error(const char* text) { return api->CreateStatus(ORT_EP_FAIL, text); }

static int is_there(const char* file) { return file && access(file, F_OK) == 0; }

/* One compiled node */

static OrtStatus* ORT_API_CALL create_state(OrtNodeComputeInfo* self, OrtNodeComputeContext* context, void** state)
{
    (void)context;
    *state = self;
    return NULL;
}

static void ORT_API_CALL release_state(OrtNodeComputeInfo* self, void* state) { (void)self; (void)state; }

static OrtStatus* ORT_API_CALL compute(OrtNodeComputeInfo* self, void* state, OrtKernelContext* context)
{
    (void)state;
    const Provider* provider = ((Node*)self)->provider;
    if (is_there(provider->options[LOSE_WHEN]))
        return error("CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=press ; file=provider.c ; line=1 ; expr=cudaStreamSynchronize(stream);");
    if (is_there(provider->options[FAULT_WHEN])) return error("the input has a shape that was not compiled");
    const OrtValue* input;
    CHECK(api->KernelContext_GetInput(context, 0, &input));
    OrtTensorTypeAndShapeInfo* info;
    CHECK(api->GetTensorTypeAndShape(input, &info));
    size_t rank, count;
    int64_t shape[8];
    CHECK(api->GetDimensionsCount(info, &rank));
    if (rank > 8) return error("more than 8 dimensions");
    CHECK(api->GetDimensions(info, shape, rank));
    CHECK(api->GetTensorShapeElementCount(info, &count));
    api->ReleaseTensorTypeAndShapeInfo(info);
    OrtValue* output;
    CHECK(api->KernelContext_GetOutput(context, 0, shape, rank, &output));
    float* x;
    float* y;
    CHECK(api->GetTensorMutableData((OrtValue*)input, (void**)&x));
    CHECK(api->GetTensorMutableData(output, (void**)&y));
    int is_relu = provider->options[OP] && strcmp(provider->options[OP], "Relu") == 0;
    for (size_t i = 0; i < count; i++) y[i] = is_relu ? fmaxf(x[i], 0) : 1 / (1 + expf(-x[i]));
    return NULL;
}

/* The provider of one session */

static const char* ORT_API_CALL provider_name(const OrtEp* self) { (void)self; return NAME; }

static OrtStatus* ORT_API_CALL get_capability(OrtEp* self, const OrtGraph* graph, OrtEpGraphSupportInfo* support)
{
    const char* wanted = ((Provider*)self)->options[OP];
    size_t count;
    CHECK(api->Graph_GetNumNodes(graph, &count));
    const OrtNode** nodes = calloc(count + 1, sizeof *nodes);
    OrtStatus* status = api->Graph_GetNodes(graph, nodes, count);
    for (size_t i = 0; i < count && !status; i++)
    {
        const char* type;
        status = api->Node_GetOperatorType(nodes[i], &type);
        if (!status && strcmp(type, wanted ? wanted : "Sigmoid") == 0) status = ep_api->EpGraphSupportInfo_AddNodesToFuse(support, &nodes[i], 1, NULL);
    }
    free(nodes);
    return status;
}

static OrtStatus* ORT_API_CALL compile(OrtEp* self, const OrtGraph** graphs, const OrtNode** fused, size_t count, OrtNodeComputeInfo** infos, OrtNode** contexts)
{
    (void)graphs; (void)fused; (void)contexts;
    Provider* provider = (Provider*)self;
    while (provider->options[WAIT_FOR] && !is_there(provider->options[WAIT_FOR])) usleep(5000);
    if (provider->options[FAIL]) return error(provider->options[FAIL]);
    for (size_t i = 0; i < count; i++)
    {
        Node* node = calloc(1, sizeof *node);
        node->base.ort_version_supported = ORT_API_VERSION;
        node->base.CreateState = create_state;
        node->base.Compute = compute;
        node->base.ReleaseState = release_state;
        node->provider = provider;
        infos[i] = &node->base;
    }
    return NULL;
}

static void ORT_API_CALL release_infos(OrtEp* self, OrtNodeComputeInfo** infos, size_t count)
{
    (void)self;
    for (size_t i = 0; i < count; i++) free(infos[i]);
}

/* The factory */

static const char* ORT_API_CALL factory_name(const OrtEpFactory* self) { (void)self; return NAME; }
static const char* ORT_API_CALL factory_vendor(const OrtEpFactory* self) { (void)self; return "tests"; }
static const char* ORT_API_CALL factory_version(const OrtEpFactory* self) { (void)self; return "1.0.0"; }
static uint32_t ORT_API_CALL factory_vendor_id(const OrtEpFactory* self) { (void)self; return 0xFFFF; }

static OrtStatus* ORT_API_CALL supported_devices(
    OrtEpFactory* self, const OrtHardwareDevice* const* devices, size_t count, OrtEpDevice** found, size_t most, size_t* found_count)
{
    *found_count = 0;
    for (size_t i = 0; i < count && *found_count < most && *found_count < 1 && !getenv("PLUGIN_NO_DEVICE"); i++)
    {
        if (api->HardwareDevice_Type(devices[i]) != OrtHardwareDeviceType_CPU) continue;
        CHECK(ep_api->CreateEpDevice(self, devices[i], NULL, NULL, &found[(*found_count)++]));
    }
    return NULL;
}

/* Options that nobody knows are refused, as the providers of vendors do. */
static OrtStatus* read_options(const OrtSessionOptions* session, Provider* provider)
{
    OrtKeyValuePairs* all;
    CHECK(api->GetSessionOptionsConfigEntries(session, &all));
    const char* const* keys;
    const char* const* values;
    size_t count;
    api->GetKeyValuePairs(all, &keys, &values, &count);
    OrtStatus* status = NULL;
    for (size_t i = 0; i < count && !status; i++)
    {
        if (strncmp(keys[i], PREFIX, sizeof PREFIX - 1) != 0) continue;
        int known = 0;
        for (int o = 0; o < OPTION_COUNT; o++)
        {
            if (strcmp(keys[i] + sizeof PREFIX - 1, option_names[o]) != 0) continue;
            provider->options[o] = strdup(values[i]);
            known = 1;
        }
        if (known) continue;
        char text[200];
        snprintf(text, sizeof text, "unknown provider option '%.100s'", keys[i] + sizeof PREFIX - 1);
        status = error(text);
    }
    api->ReleaseKeyValuePairs(all);
    return status;
}

static OrtStatus* ORT_API_CALL create_ep(
    OrtEpFactory* self, const OrtHardwareDevice* const* devices, const OrtKeyValuePairs* const* metadata, size_t count,
    const OrtSessionOptions* session, const OrtLogger* logger, OrtEp** ep)
{
    (void)self; (void)devices; (void)metadata; (void)count; (void)logger;
    Provider* provider = calloc(1, sizeof *provider);
    provider->base.ort_version_supported = ORT_API_VERSION;
    provider->base.GetName = provider_name;
    provider->base.GetCapability = get_capability;
    provider->base.Compile = compile;
    provider->base.ReleaseNodeComputeInfos = release_infos;
    OrtStatus* status = read_options(session, provider);
    if (status) free(provider);
    else *ep = &provider->base;
    return status;
}

static void ORT_API_CALL release_ep(OrtEpFactory* self, OrtEp* ep)
{
    (void)self;
    for (int o = 0; o < OPTION_COUNT; o++) free(((Provider*)ep)->options[o]);
    free(ep);
}

static bool ORT_API_CALL is_stream_aware(const OrtEpFactory* self) { (void)self; return false; }

/* Its memory is the CPU's: nothing to allocate elsewhere, nothing to copy. */

static OrtStatus* ORT_API_CALL create_allocator(OrtEpFactory* self, const OrtMemoryInfo* info, const OrtKeyValuePairs* options, OrtAllocator** allocator)
{
    (void)self; (void)info; (void)options;
    *allocator = NULL;
    return NULL;
}

static void ORT_API_CALL release_allocator(OrtEpFactory* self, OrtAllocator* allocator) { (void)self; (void)allocator; }

static OrtStatus* ORT_API_CALL create_data_transfer(OrtEpFactory* self, OrtDataTransferImpl** transfer)
{
    (void)self;
    *transfer = NULL;
    return NULL;
}

OrtStatus* CreateEpFactories(const char* registered, const OrtApiBase* base, const OrtLogger* logger, OrtEpFactory** factories, size_t most, size_t* count)
{
    (void)registered; (void)logger;
    api = base->GetApi(ORT_API_VERSION);
    ep_api = api->GetEpApi();
    if (most < 1) return error("no room for a factory");
    OrtEpFactory* factory = calloc(1, sizeof *factory);
    factory->ort_version_supported = ORT_API_VERSION;
    factory->GetName = factory_name;
    factory->GetVendor = factory_vendor;
    factory->GetVersion = factory_version;
    factory->GetVendorId = factory_vendor_id;
    factory->GetSupportedDevices = supported_devices;
    factory->CreateEp = create_ep;
    factory->ReleaseEp = release_ep;
    factory->IsStreamAware = is_stream_aware;
    factory->CreateAllocator = create_allocator;
    factory->ReleaseAllocator = release_allocator;
    factory->CreateDataTransfer = create_data_transfer;
    factories[0] = factory;
    *count = 1;
    return NULL;
}

OrtStatus* ReleaseEpFactory(OrtEpFactory* factory)
{
    free(factory);
    return NULL;
}
