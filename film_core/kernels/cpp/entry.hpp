// The door between Python and the kernels: plain pointers in, a status out, no exception.
#pragma once

#include "film_pass.hpp"

namespace film {

enum Mode { kForward = 0, kPrepare = 1, kEdit = 2 };
enum Status { kDone = 0, kCancelled = 1, kOutOfMemory = 2, kNoFile = 3, kFailed = 4 };

// Sizes and addresses as 64-bit integers, in the order in which operator.py writes them.
struct Request {
  int64_t mode, threads, heartbeat, folder;
  int64_t batch, height, width, rows, text_width;
  int64_t spatial, tokens;  // whether these maps are wanted; mean and gate always are
};

// Everything the text doesn't change, for a whole batch and both sources: [source][batch][...].
struct StateTensors {
  float* features;
  float* grid;  // not touched where image and grid coincide
  float* keys;
};

// Attention of a stage and a source, for the whole batch.
struct MapTensors {
  float *mean, *spatial, *tokens, *gate;
};

class Entry {
 public:
  Entry(const Request& request, const float* const* parameters)
      : request_(request),
        control_(int(request.threads), reinterpret_cast<Heartbeat>(request.heartbeat)),
        store_(folder(request)),
        setting_{control_, store_},
        network_(parameters, int(request.text_width)),
        pass_(network_, int(request.height), int(request.width), setting_) {
    const double pixels = double(request.height) * request.width;
    double work = 0;
    if (request.mode != kEdit) work += 2 * ImagePass::prepare_work(pixels);
    if (request.mode != kPrepare)
      work += 2 * ImagePass::source_work(pixels, int(request.rows)) + ImagePass::joint_work(pixels);
    control_.expect(work * request.batch);
  }

  Status run(const float* image_a, const float* image_b, const float* text,
             const StateTensors& state, float* fused, const MapTensors (&maps)[kStages][kSources]) {
    const float* const images[kSources] = {image_a, image_b};
    for (int64_t item = 0; item < request_.batch && !control_.cancelled(); item++) {
      if (request_.mode == kPrepare) {
        for (int source = 0; source < kSources; source++) {
          const int64_t at = source * request_.batch + item;
          pass_.prepare(images[source] + item * pixels(), source,
                        state.features + at * pixels() * kSlabChannels,
                        grid_of(state.grid, at), state.keys + at * kTokens * kTextWidth);
        }
      } else {
        fuse(item, images, text + item * request_.rows * request_.text_width, state,
             fused + item * pixels(), maps);
      }
    }
    return control_.cancelled() ? kCancelled : kDone;
  }

 private:
  static std::string folder(const Request& request) {
    return request.folder ? reinterpret_cast<const char*>(request.folder) : "";
  }
  int64_t pixels() const { return request_.height * request_.width; }
  static float* grid_of(float* grids, int64_t index) {
    return grids + index * kGridPixels * kSlabChannels;
  }

  void fuse(int64_t item, const float* const (&images)[kSources], const float* words,
            const StateTensors& state, float* fused,
            const MapTensors (&maps)[kStages][kSources]) {
    const int rows = int(request_.rows);
    const Buffer text = project_text(words, rows, int(request_.text_width), network_.text_weight,
                                     network_.text_bias, control_);
    Slab features[kSources];
    for (int source = 0; source < kSources && !control_.cancelled(); source++) {
      AttentionOutput outputs[kStages];
      for (int stage = 0; stage < kStages; stage++)
        outputs[stage] = output_of(maps[stage][source], item);
      if (request_.mode == kEdit) {
        const int64_t at = source * request_.batch + item;
        const SourceState kept{state.features + at * pixels() * kSlabChannels,
                               grid_of(state.grid, at), state.keys + at * kTokens * kTextWidth};
        features[source] = pass_.stages(kept, source, text, rows, outputs);
      } else {
        features[source] =
            pass_.from_image(images[source] + item * pixels(), source, text, rows, outputs);
      }
    }
    if (control_.cancelled()) return;
    pass_.join(std::move(features[0]), std::move(features[1]), fused);
  }

  AttentionOutput output_of(const MapTensors& maps, int64_t item) const {
    AttentionOutput output;
    output.mean = maps.mean + item * kTextHeads * kTokens;
    output.gate = maps.gate + item * kTextWidth;
    if (request_.spatial) output.spatial = maps.spatial + item * request_.rows * kTextHeads * kRuns;
    if (request_.tokens) output.tokens = maps.tokens + item * request_.rows * kTextHeads * kTokens;
    return output;
  }

  Request request_;
  Control control_;
  SlabStore store_;
  Setting setting_;
  Network network_;
  ImagePass pass_;
};

// What the operator calls. After kNoFile `reason` is the system's error number.
inline Status run(const Request& request, const float* const* parameters, const float* image_a,
                  const float* image_b, const float* text, const StateTensors& state,
                  float* fused, const MapTensors (&maps)[kStages][kSources], int* reason) {
  const NoSubnormals flushed;  // for what is done between the parallel parts
  try {
    Entry entry(request, parameters);
    return entry.run(image_a, image_b, text, state, fused, maps);
  } catch (const FileFailure& failure) {
    *reason = failure.reason;
    return kNoFile;
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  } catch (...) {
    return kFailed;
  }
}

}  // namespace film
