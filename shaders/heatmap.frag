#version 330 core
// Colours one cell: scale its value, look the colour up. The same arithmetic as gui/widgets/map_scale.cpp.
uniform sampler2D cells;   // R32F: a weight 0..1, or -1 masked, -2 not known yet
uniform sampler2D colors;  // 256 x 1
uniform int scale;         // MapScale: 0 linear, 1 square root, 2 logarithmic, 3 per row (already divided)
uniform vec4 masked;
uniform vec4 unknown;
uniform vec4 broken;  // NaN
in vec2 place;
out vec4 color;

float position_of(float weight) {
  if (scale == 1) return sqrt(weight);
  if (scale == 2) return weight > 0.0 ? 1.0 + log(weight) / (4.0 * log(10.0)) : 0.0;
  return weight;
}

void main() {
  ivec2 size = textureSize(cells, 0);
  ivec2 cell = clamp(ivec2(floor(place * vec2(size))), ivec2(0), size - 1);
  float weight = texelFetch(cells, cell, 0).r;
  if (isnan(weight)) {
    color = broken;
  } else if (weight < -1.5) {
    color = unknown;
  } else if (weight < 0.0) {
    color = masked;
  } else {
    float entry = clamp(position_of(weight), 0.0, 1.0) * 255.0 + 0.5;
    color = texelFetch(colors, ivec2(int(entry), 0), 0);
  }
}
