#version 330 core
// Places the quads of a heat map as Dear ImGui's own program does.
uniform mat4 ProjMtx;
in vec2 Position;
in vec2 UV;
in vec4 Color;
out vec2 place;  // 0..1 over the texture of cells

void main() {
  place = UV;
  gl_Position = ProjMtx * vec4(Position, 0.0, 1.0);
}
